import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import type { Estimate, EstimateOptions } from '../../src/model/create.ts'
import type { Engine } from '../../src/model/engine.ts'
import { type EngineSettings, engineAt, plainly } from '../engine-kit.ts'

const top = mkdtempSync(join(tmpdir(), 'holdfast-estimate-'))
const source = join(top, 'source')
const key = 'ab'.repeat(32)
const signal = new AbortController().signal
const during = { signal, listen: () => {} }
const manyFiles = 1500
let root = ''
let count = 0

/** An hour ahead of the disk's times, so that these are believed; and walked without reading a byte. */
const clock = { ...systemClock, now: () => systemClock.now() + 3_600_000 }
const at = (more: Partial<EngineSettings> = {}): Engine => engineAt({ root, home: top, key, clock, ...more })
const unread = { filesModule: new URL('./unread-disk.ts', import.meta.url).href }

beforeAll(() => {
  for (const name of ['many', 'cache', 'nested/deep']) mkdirSync(join(source, name), { recursive: true })
  for (let one = 0; one < manyFiles; one++) writeFileSync(join(source, 'many', String(one)), '')
  writeFileSync(join(source, 'cache', 'CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55\n')
  writeFileSync(join(source, 'cache', 'cached'), 'c'.repeat(100))
  writeFileSync(join(source, 'nested', 'deep', 'note.txt'), 'twelve bytes')
  writeFileSync(join(source, 'nested', 'scratch.tmp'), 't'.repeat(1000))
  writeFileSync(join(source, 'one'), 'linked')
  linkSync(join(source, 'one'), join(source, 'two'))
  symlinkSync('one', join(source, 'link'))
})
beforeEach(() => {
  root = join(top, `repository-${count++}`)
})
afterAll(() => rmSync(top, { recursive: true, force: true }))

function asked(more: Partial<EstimateOptions> = {}): EstimateOptions {
  return { ...plainly({ type: 'full', paths: [source] }), ...more }
}

function estimate(engine: Engine, more: Partial<EstimateOptions> = {}): Promise<Estimate> {
  return engine.estimate(asked(more), during)
}

test('counts what a create then takes, and writes and reads nothing for it', async () => {
  const options = asked({ exclude: ['*.tmp'], excludeCaches: true })
  const counted = await at().estimate(options, during)
  expect(counted).toEqual({
    entries: manyFiles + 9,
    files: manyFiles + 2,
    bytes: 'twelve bytes'.length + 'linked'.length,
    changed: null,
    unreadable: 0,
    skipped: { excluded: 1, cache: 1 },
    notices: [],
  })
  expect(existsSync(root)).toBe(false)
  const { backup, skipped } = await at().create({ ...plainly(options), ...options }, during)
  expect({ files: backup.files, bytes: backup.bytes, skipped }).toEqual({
    files: counted.files,
    bytes: counted.bytes,
    skipped: counted.skipped,
  })
  expect((await estimate(at(unread))).files).toBe(manyFiles + 5)
})

test('tells how far it has come, and ends as soon as nobody wants to know any more', async () => {
  const told: Estimate[] = []
  const whole = await at().estimate(asked(), { signal, listen: (soFar) => told.push(soFar) })
  expect(told.length).toBeGreaterThanOrEqual(3)
  expect(told.map(({ files }) => files)).toEqual(told.map(({ files }) => files).sort((a, b) => a - b))
  expect(told.at(-1)).toEqual(whole)
  expect(told[0]?.files).toBeLessThan(manyFiles)
  const controller = new AbortController()
  let heard = 0
  const cut = at().estimate(asked(), {
    signal: controller.signal,
    listen() {
      heard++
      controller.abort()
    },
  })
  await expect(cut).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
  expect(heard).toBe(1)
  const never = at().estimate(asked(), { signal: AbortSignal.abort(), listen: () => expect.unreachable() })
  await expect(never).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
})

test('says of an incremental and of a differential how much has changed, by the rules these go by', async () => {
  const engine = at()
  const files = join(top, 'changing')
  const paths = [files]
  mkdirSync(files)
  for (const name of ['same', 'grown', 'touched']) writeFileSync(join(files, name), 'x'.repeat(500))
  await engine.create(plainly({ type: 'full', paths }), during)
  const changed = async (type: EstimateOptions['type']) => (await estimate(at(unread), { type, paths })).changed
  expect(await changed('incremental')).toEqual({ files: 0, bytes: 0 })
  appendFileSync(join(files, 'grown'), 'y')
  writeFileSync(join(files, 'new'), 'z'.repeat(10))
  expect(await changed('incremental')).toEqual({ files: 2, bytes: 511 })
  const { backup } = await engine.create(plainly({ type: 'incremental', paths }), during)
  expect((backup.bytes ?? 0) - (backup.reusedBytes ?? 0)).toBe(511)
  expect(await changed('incremental')).toEqual({ files: 0, bytes: 0 })
  expect(await changed('differential')).toEqual({ files: 2, bytes: 511 })
  expect(await changed('full')).toBeNull()
  expect((await estimate(engine, { type: 'incremental', paths, paranoid: true })).changed).toBeNull()
})

test('counts without saying what has changed where there is nothing to compare with, or no key to open it', async () => {
  const nothing = await estimate(at(), { type: 'incremental' })
  expect(nothing).toMatchObject({ files: manyFiles + 5, changed: null })
  await at().create(plainly({ type: 'full', paths: [source] }), during)
  expect((await estimate(at(), { type: 'incremental' })).changed).toEqual({ files: 0, bytes: 0 })
  expect((await estimate(at(), { type: 'incremental', paths: [join(source, 'many')] })).changed).toBeNull()
  for (const other of [at({ key: 'cd'.repeat(32) }), at({ keyFile: join(top, 'absent.key') })])
    expect(await estimate(other, { type: 'incremental' })).toMatchObject({ files: manyFiles + 5, changed: null })
})

test('refuses what a create would refuse, and says what it would say', async () => {
  const refused = (more: Partial<EstimateOptions>) => expect(estimate(at(), more)).rejects
  await refused({ paths: [join(top, 'absent')] }).toMatchObject({ code: 'E_SOURCE_MISSING' })
  await refused({ paths: [''] }).toMatchObject({ code: 'E_USAGE' })
  await refused({ paths: [] }).toMatchObject({ code: 'E_USAGE' })
  await refused({ paths: [], services: ['none'] }).toMatchObject({ code: 'E_USAGE' })
  symlinkSync(source, join(top, 'a-link'))
  expect(await estimate(at(), { paths: [join(top, 'a-link')] })).toMatchObject({
    entries: 1,
    files: 0,
    notices: [expect.stringContaining('a-link is a symbolic link and stored as one')],
  })
  expect(await estimate(at(), { paths: [join(source, 'one')], exclude: ['one'] })).toMatchObject({
    entries: 0,
    unreadable: 1,
  })
})

test('a create that somebody looks at knows by the same count how much there is', async () => {
  const totals = new Set<number | null>()
  const options = { ...plainly({ type: 'full', paths: [source] }), estimate: true }
  const { bytes } = await at().create(options, {
    signal,
    listen(event) {
      if (event.kind === 'progress') totals.add(event.totalBytes)
    },
  })
  expect([...totals]).toEqual([bytes])
})
