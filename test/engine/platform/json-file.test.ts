import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { directoryOf, readText, replaceFile } from '../../../src/engine/platform/json-file.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'
import type { Files } from '../../../src/model/ports.ts'
import { wrapFaulty } from '../../faults/faulty-files.ts'

const files = createDiskFiles()
let top: string
let path: BytePath

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'json-'))
  path = pathFromText(join(top, 'metadata.json'))
})
afterEach(() => rmSync(top, { recursive: true }))

test('gives null for an absent file, and the whole text of any other', async () => {
  expect(readText(files, path)).toBeNull()
  const text = `\ufeffü€😀${'x'.repeat(200_000)}`
  await replaceFile(files, path, text)
  expect(readText(files, path)).toBe(text)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(top)).toEqual(['metadata.json'])
})

test('gives a half-written file as text for its own checks to refuse, never an exception', () => {
  writeFileSync(path, Uint8Array.of(0x7b, 0xff, 0xfe))
  expect(readText(files, path)).toBe('{\ufffd\ufffd')
})

test('says what could not be read', () => {
  expect(() => readText(files, pathFromText(top))).toThrow(
    expect.objectContaining({ code: 'E_IO', message: `cannot read ${top}: it is a directory` }),
  )
})

test('puts the file on disk before its name, and the name before it resolves', async () => {
  const calls: string[] = []
  const told = new Proxy(files, {
    get(target, name: keyof Files) {
      const call = target[name] as (...values: unknown[]) => unknown
      return (...values: unknown[]) => {
        if (['open', 'write', 'sync', 'rename'].includes(name)) calls.push(name)
        return call(...values)
      }
    },
  })
  await replaceFile(told, path, 'text')
  expect(calls).toEqual(['open', 'write', 'sync', 'rename', 'open', 'sync'])
})

test('leaves the old text or the new, and nothing beside, whichever call fails', async () => {
  const counter = new Int32Array(new SharedArrayBuffer(4))
  await replaceFile(wrapFaulty(files, { at: 0, kind: 'EIO' }, counter), path, 'old')
  const calls = counter[0] ?? 0
  expect(calls).toBeGreaterThan(8)
  const outcomes = new Set<string>()
  for (const kind of ['ENOSPC', 'EIO', 'short-write'] as const) {
    for (let at = 1; at <= calls; at++) {
      writeFileSync(path, 'old')
      const faulty = wrapFaulty(files, { at, kind }, new Int32Array(new SharedArrayBuffer(4)))
      const outcome = await replaceFile(faulty, path, 'new').then(
        () => 'done',
        (error: unknown) => (error as { code: string }).code,
      )
      const text = readFileSync(path, 'utf8')
      outcomes.add(`${outcome} ${text}`)
      expect(['old', 'new']).toContain(text)
      if (outcome === 'done') expect(text).toBe('new')
      await replaceFile(files, path, 'next') // sweeps what a fault kept from being removed
      expect(readdirSync(top)).toEqual(['metadata.json'])
    }
  }
  expect([...outcomes]).toEqual(expect.arrayContaining(['E_NO_SPACE old', 'E_IO old', 'E_IO new', 'done new']))
})

test.each([
  ['/a', '/'],
  ['a', '.'],
  ['/a/b', '/a'],
  ['a/b', 'a'],
])('writes beside %s in %s', (file, directory) => {
  expect(directoryOf(pathFromText(file))).toBe(directory)
})

test('sweeps the temporary files of dead writers, and neither those of living ones nor anything else', async () => {
  const dead = join(top, '.hf-replace-0123456789ab')
  const living = join(top, '.hf-replace-ba9876543210')
  const foreign = join(top, '.hf-0123456789ab')
  for (const name of [dead, living, foreign]) writeFileSync(name, 'half')
  const fd = files.open(pathFromText(living), 'read-write')
  expect(files.tryLock(fd)).toBe(true)
  await replaceFile(files, path, 'text')
  expect(readdirSync(top).sort()).toEqual(['.hf-0123456789ab', '.hf-replace-ba9876543210', 'metadata.json'])
  files.close(fd)
  await replaceFile(files, path, 'text')
  expect(readdirSync(top).sort()).toEqual(['.hf-0123456789ab', 'metadata.json'])
})

test('keeps many writers at once from sweeping each other', async () => {
  await Promise.all(Array.from({ length: 50 }, (_, writer) => replaceFile(files, path, `writer ${writer}`)))
  expect(readFileSync(path, 'utf8')).toMatch(/^writer \d+$/)
  expect(readdirSync(top)).toEqual(['metadata.json'])
})
