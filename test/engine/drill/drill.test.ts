import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { noteDrill, readDrills } from '../../../src/engine/drill/drill-ledger.ts'
import { placeIn, sweepPlace } from '../../../src/engine/drill/drill-place.ts'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { Repository } from '../../../src/engine/repository.ts'
import type { DrillRecord } from '../../../src/model/drill.ts'
import { pathFromText } from '../../../src/model/path.ts'
import { engineAt, plainly } from '../../engine-kit.ts'
import { createFiles } from './tampering-disk.ts'

const during = { signal: new AbortController().signal, listen: () => {} }
const tampering = fileURLToPath(new URL('./tampering-disk.ts', import.meta.url))
let top = ''
let source = ''

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'holdfast-drill-'))
  source = join(top, 'source')
  mkdirSync(source)
  for (const name of ['victim', 'whole']) writeFileSync(join(source, name), `the content of ${name}`)
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

const engineWith = (more: object) =>
  engineAt({ root: join(top, 'repository'), home: top, key: '1'.repeat(64), ...more })
const options = { backup: 'latest', services: [], check: null, keep: false, scratch: null, workers: 1 }

test('what the restore writes otherwise than recorded is found, though it says that all went well', async () => {
  symlinkSync('whole', join(source, 'astray'))
  await engineWith({}).create(plainly({ type: 'full', paths: [source] }), during)
  const good = await engineWith({}).drill(options, during)
  expect(good).toMatchObject({ exitCode: 0, cards: [{ ok: true }] })
  const {
    exitCode,
    cards: [card],
  } = await engineWith({ files: createFiles(), filesModule: tampering }).drill(options, during)
  expect(exitCode).toBe(4)
  expect(card).toMatchObject({ ok: false, restored: { ok: true }, compared: { ok: false, different: 2 } })
  expect(card.compared.differences).toEqual([
    { path: join(source, 'astray').slice(1), what: 'where it leads to' },
    { path: join(source, 'victim').slice(1), what: 'its content' },
  ])
  const { alerts, lastProven } = await engineWith({}).status()
  expect(alerts).toContainEqual(expect.objectContaining({ kind: 'drill-failed', subject: 'paths' }))
  expect(lastProven?.ok).toBe(true)
})

const record = (more: Partial<DrillRecord>): DrillRecord => ({
  v: 1,
  id: '2026-11-20T02-00-00Z-full-7f3k',
  run: 'run',
  at: '2026-11-20T03:00:00.000Z',
  services: ['a'],
  ok: true,
  level: 'compared',
  rtoMs: 1,
  restoreMs: 1,
  compared: null,
  check: null,
  limitsMissed: [],
  error: null,
  ...more,
})

test('a line of the ledger that was torn is ignored, and spoils none that follows', async () => {
  const files = createDiskFiles()
  const repository = new Repository(pathFromText(top))
  expect(readDrills(files, repository)).toEqual([])
  await noteDrill(files, repository, record({ run: 'first' }))
  const path = join(top, 'drills.ndjson')
  appendFileSync(path, '{"v":1,"id":"2026')
  expect(readDrills(files, repository).map(({ run }) => run)).toEqual(['first'])
  await noteDrill(files, repository, record({ run: 'second' }))
  appendFileSync(path, '{"v":2}\nnonsense\n')
  await noteDrill(files, repository, record({ run: 'third' }))
  expect(readDrills(files, repository).map(({ run }) => run)).toEqual(['first', 'second', 'third'])
  expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true)
})

test('the sweep takes away no directory but the one that is named after the run', () => {
  const files = createDiskFiles()
  const workspace = join(top, 'run-1')
  mkdirSync(workspace)
  const note = (path: string) =>
    writeFileSync(join(workspace, 'drill-place'), JSON.stringify({ pb: Buffer.from(path).toString('base64') }))
  for (const path of [source, join(source, 'holdfast-run-2'), top]) {
    mkdirSync(path, { recursive: true })
    note(path)
    sweepPlace(files, pathFromText(workspace))
    expect(files.status(pathFromText(path))).toBeDefined()
  }
  const mine = placeIn(pathFromText(source), 'run-1')
  files.makeDirectory(mine, 0o700)
  note(mine)
  sweepPlace(files, pathFromText(workspace))
  expect(files.status(mine)).toBeUndefined()
})
