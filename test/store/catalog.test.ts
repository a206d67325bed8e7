import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { openDocumentFile } from '../../src/engine/platform/document-file.ts'
import { catalogSchema } from '../../src/model/backup.ts'
import { pathFromText } from '../../src/model/path.ts'
import { type CatalogForm, openCatalog } from '../../src/store/catalog.ts'
import { entry } from './entry.ts'

const writerProgram = fileURLToPath(new URL('./catalog-writer.ts', import.meta.url))
const noon = { ...systemClock, now: () => Date.UTC(2026, 10, 20, 12) }
let top: string
let path: string

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'catalog-'))
  path = join(top, 'metadata.json')
})
afterEach(() => rmSync(top, { recursive: true }))

function open(form: CatalogForm = {}) {
  const holder = { pid: process.pid, run: 'test', command: 'create', since: '2026-11-20T02:00:00.000Z' }
  const request = () => ({ waitMs: 60_000, signal: new AbortController().signal, holder, clock: noon })
  return openCatalog(
    openDocumentFile(createDiskFiles(), pathFromText(path), pathFromText(`${path}.lock`), request),
    form,
  )
}
const onDisk = () => JSON.parse(readFileSync(path, 'utf8'))

/** The checksum as docs/format.md describes it, written down once more. */
function checksumOf(catalog: { v: unknown; gen: unknown; backups: unknown }): string {
  const { v, gen, backups } = catalog
  return crc32(JSON.stringify({ v, gen, backups })).toString(16).padStart(8, '0')
}

test('begins with the first backup, and counts its generations', async () => {
  const catalog = open()
  expect(await catalog.read()).toEqual({ state: 'absent' })
  await catalog.update((backups) => [...backups, entry('aaaa')])
  await catalog.update((backups) => [...backups, entry('bbbb')])
  expect(onDisk()).toEqual({ v: 1, gen: 2, backups: [entry('aaaa'), entry('bbbb')], crc: checksumOf(onDisk()) })
  expect(await catalog.read()).toEqual({ state: 'ok', value: onDisk() })
})

test('writes what the full schema accepts, and refuses to write anything else', async () => {
  const catalog = open()
  await catalog.update(() => [entry('aaaa')])
  expect(catalogSchema.safeParse(onDisk()).success).toBe(true)
  await expect(catalog.update(() => [entry('aaaa', { sizeBytes: -1 })])).rejects.toThrow()
  await expect(catalog.update(() => [entry('../../x')])).rejects.toThrow()
  expect(onDisk()).toMatchObject({ gen: 1, backups: [entry('aaaa')] })
})

test('keeps keys it does not know, of the catalog and of an entry', async () => {
  const catalog = open()
  await catalog.update(() => [entry('aaaa', { later: { 1: 'x' } })])
  writeFileSync(path, JSON.stringify({ ...onDisk(), future: [1, 2] }))
  await catalog.update((backups) => [...backups, entry('bbbb')])
  expect(onDisk()).toMatchObject({ gen: 2, future: [1, 2], backups: [{ later: { 1: 'x' } }, {}] })
})

const damages: [string, (text: string) => string][] = [
  ['is empty', () => ''],
  ['is cut short', (text) => text.slice(0, -10)],
  ['has a digit changed', (text) => text.replace('56000', '56001')],
  ['has lost an entry', (text) => JSON.stringify({ ...JSON.parse(text), backups: [] })],
  ['has no checksum', (text) => JSON.stringify({ ...JSON.parse(text), crc: undefined })],
  ['is of a version to come', (text) => JSON.stringify({ ...JSON.parse(text), v: 2 })],
  ['is another thing', () => '[]'],
  ['has a good checksum over an id that leaves archives/', (text) => signed(text, entry('/../../../etc'))],
  ['has a good checksum over what is no backup', (text) => signed(text, null)],
]
function signed(text: string, backup: unknown): string {
  const catalog = { ...JSON.parse(text), backups: [backup] }
  return JSON.stringify({ ...catalog, crc: checksumOf(catalog) })
}

test.each(damages)('is damaged where it %s: refuses an update, and is kept aside by a rebuild', async (_, damage) => {
  const catalog = open()
  await catalog.update(() => [entry('aaaa')])
  const damagedText = damage(readFileSync(path, 'utf8'))
  writeFileSync(path, damagedText)
  expect(await catalog.read()).toMatchObject({ state: 'damaged' })
  const refusal = { code: 'E_CATALOG', hint: 'run: holdfast rebuild', message: expect.stringContaining('is damaged') }
  await expect(catalog.update((backups) => backups)).rejects.toMatchObject(refusal)
  await expect(catalog.updateExisting((backups) => backups)).rejects.toMatchObject(refusal)
  expect(readFileSync(path, 'utf8')).toBe(damagedText)
  const aside = 'metadata.json.damaged-2026-11-20T12-00-00.000Z'
  expect(await catalog.replace([entry('bbbb')])).toBe(aside)
  expect(readFileSync(join(top, aside), 'utf8')).toBe(damagedText)
  expect(await catalog.read()).toMatchObject({ state: 'ok', value: { backups: [entry('bbbb')] } })
})

test('refuses to begin anew where backups exist already', async () => {
  await expect(open().updateExisting(() => [entry('aaaa')])).rejects.toMatchObject({
    code: 'E_CATALOG',
    message: 'the catalog metadata.json is missing',
    hint: 'run: holdfast rebuild',
  })
  expect(readdirSync(top)).toEqual(['metadata.json.lock'])
})

test('keeps nothing aside where the catalog a rebuild replaces was good or absent', async () => {
  const catalog = open()
  expect(await catalog.replace([entry('aaaa')])).toBeNull()
  expect(await catalog.replace([entry('bbbb')])).toBeNull()
  expect(onDisk()).toMatchObject({ gen: 2, backups: [entry('bbbb')] })
  expect(readdirSync(top).sort()).toEqual(['metadata.json', 'metadata.json.lock'])
})

test('loses no entry of four processes writing at once', { timeout: 60_000 }, async () => {
  const writers = [1, 2, 3, 4].map((writer) => startWriter(writer, 50))
  const said = (await Promise.all(writers.map((writer) => writer.ended))).flat()
  expect(said).toHaveLength(200)
  const found = await open().read()
  if (found.state !== 'ok') throw new Error(found.state)
  expect(found.value.gen).toBe(200)
  expect(found.value.backups.map((backup) => backup.id).sort()).toEqual(said.sort())
})

test('loses no entry that a process said it had added before it was killed with -9', { timeout: 60_000 }, async () => {
  const random = seeded(20_261_120)
  const writers = [1, 2, 3, 4].map((writer) => startWriter(writer, 50))
  for (const writer of writers.slice(0, 3)) {
    // Killed at a moment of its own: after so many entries, and so far into the next.
    const after = Math.floor(random() * 40)
    const spins = Math.floor(random() * 400_000)
    writer.onEntry((count) => {
      if (count !== after) return
      for (let spin = 0; spin < spins; spin++) Math.sqrt(spin)
      writer.child.kill('SIGKILL')
    })
  }
  const said = await Promise.all(writers.map((writer) => writer.ended))
  expect(said[3]).toHaveLength(50)
  expect(writers.slice(0, 3).map((writer) => writer.child.signalCode)).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL'])
  const found = await open().read()
  if (found.state !== 'ok') throw new Error(found.state)
  const ids = found.value.backups.map((backup) => backup.id)
  expect(ids).toEqual(expect.arrayContaining(said.flat()))
  expect(new Set(ids).size).toBe(ids.length)
  // Of each killed process at most one more: written, but not yet said.
  expect(ids.length - said.flat().length).toBeLessThanOrEqual(3)
  await open().update((backups) => backups)
  expect(readdirSync(top).sort()).toEqual(['metadata.json', 'metadata.json.lock'])
})

function startWriter(writer: number, count: number) {
  const child = spawn(process.execPath, [writerProgram, path, String(writer), String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  let hear = (_count: number) => {}
  const ids = () => text.split('\n').slice(0, -1)
  child.stdout.on('data', (chunk) => {
    const before = ids().length
    text += String(chunk)
    for (let said = before; said < ids().length; said++) hear(said)
  })
  const ended = once(child, 'close').then(ids)
  return { child, ended, onEntry: (heard: (count: number) => void) => (hear = heard) }
}

/** mulberry32: the same moments in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

test('a long catalog is read in pieces: the thread is free between them, and what looks like an edge is none', async () => {
  const catalog = open()
  const strange = { ...entry('aaaa', { description: 'a "},{"id":" b' }), later: [{ id: 'x' }, { id: 'y' }] }
  const suffixOf = (at: number) => at.toString(36).padStart(4, '0')
  const plain = Array.from({ length: 4000 }, (_, at) => entry(suffixOf(at), { description: '},{"id":"' }))
  let turns = 0
  let isDone = false
  const count = (): void => {
    turns++
    if (!isDone) setImmediate(count)
  }
  for (const backups of [plain, [...plain, strange], Array.from(plain, (one) => ({ ...strange, id: one.id }))]) {
    await catalog.replace(backups)
    turns = 0
    isDone = false
    setImmediate(count)
    const reading = await catalog.read()
    isDone = true
    expect(reading).toEqual({ state: 'ok', value: onDisk() })
    expect(onDisk().backups).toEqual(backups)
    if (backups === plain) expect(turns).toBeGreaterThan(3)
  }
  const text = readFileSync(path, 'utf8')
  const at = Math.floor(text.length / 2)
  writeFileSync(path, `${text.slice(0, at)}${text[at] === '7' ? '8' : '7'}${text.slice(at + 1)}`)
  expect(await catalog.read()).toMatchObject({ state: 'damaged' })
})

test('where it is asked to, it remembers what it read until anybody writes', async () => {
  const mine = open({ remembers: true })
  expect(await mine.read()).toEqual({ state: 'absent' })
  await open().update(() => [entry('aaaa')])
  const first = await mine.read()
  expect(first).toEqual({ state: 'ok', value: onDisk() })
  expect(await mine.read()).toBe(first)
  await open().update(() => [entry('bbbb')])
  expect(await mine.read()).toEqual({ state: 'ok', value: onDisk() })
  await mine.update(() => [entry('cccc')])
  expect(await mine.read()).toMatchObject({ state: 'ok', value: { gen: 3, backups: [{ id: entry('cccc').id }] } })
  writeFileSync(path, 'damaged')
  expect(await mine.read()).toMatchObject({ state: 'damaged' })
  rmSync(path)
  expect(await mine.read()).toEqual({ state: 'absent' })
})
