import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../src/engine/platform/clock.ts'
import { createDiskFiles } from '../src/engine/platform/disk-files.ts'
import { openDocumentFile } from '../src/engine/platform/document-file.ts'
import type { CatalogEntry } from '../src/model/backup.ts'
import { pathFromText } from '../src/model/path.ts'
import type { Schedule } from '../src/model/schedule.ts'
import { openCatalog } from '../src/store/catalog.ts'
import type { Bench, Tree } from './bench.ts'
import { entriesOf, makeSmallFiles, smallFileBytes } from './small-files.ts'
import type { Place, Tool } from './tool.ts'

/** A repository as it looks after years: two whole backups of one tree, and a long history made from the first. */

const apartMs = 30 * 60_000
const services = ['web', 'mail', 'database', 'photos', 'etc']
export const runCount = 300
export const scheduleCount = 60
const filesAdded = 500
/** The newest hundred that a screen of runs reads at once are among these. */
const runApartMs = 60 * 60_000

/** What its two whole backups are of. */
export function historyTree(files: number): Tree {
  const what = `generated files of ${smallFileBytes} bytes, backed up twice`
  return { path: '', what, entries: entriesOf(files), bytes: files * smallFileBytes }
}

/** False where a tool failed, which is recorded. */
export async function makeFirstBackups(bench: Bench, tool: Tool, place: Place, files: number): Promise<boolean> {
  bench.freshDirectory(place.directory)
  const trees = bench.freshDirectory(bench.path('trees', 'console'))
  const source = join(trees, 'source')
  makeSmallFiles(join(source, 'srv'), 0, files, join(trees, 'made'))
  writeFileSync(join(place.directory, 'backup_config.json'), JSON.stringify({ encryption: { enabled: false } }))
  for (const command of tool.prepare(place)) if (!(await bench.measure('make', tool, command, 0))) return false
  if (!(await bench.measure('make', tool, tool.backup(place, source), 0))) return false
  makeSmallFiles(join(source, 'added'), files, filesAdded, join(trees, 'added'))
  return bench.measure('make', tool, tool.backup(place, source), 0)
}

/** As many backups as asked for: a directory, a manifest and a line of the catalog each, written by the product's store. */
export async function lengthenHistory(repository: string, count: number): Promise<void> {
  const archives = join(repository, 'archives')
  const [real] = readdirSync(archives).sort()
  const manifest = JSON.parse(readFileSync(join(archives, real!, 'manifest.json'), 'utf8')) as Record<string, unknown>
  const path = (...names: string[]) => pathFromText(join(repository, ...names))
  const file = openDocumentFile(createDiskFiles(), path('metadata.json'), path('locks', 'catalog'), () => ({
    waitMs: 0,
    signal: new AbortController().signal,
    clock: systemClock,
    holder: { pid: process.pid, run: 'bench', command: 'bench', since: new Date().toISOString() },
  }))
  await openCatalog(file).updateExisting((backups) => {
    const first = backups.find(({ id }) => id === real)
    if (first === undefined) throw new Error(`${real} is not in the catalog`)
    const added = Array.from({ length: count - backups.length }, (_, at) => entryOf(first, at))
    for (const { id, createdAt } of added) {
      mkdirSync(join(archives, id))
      writeFileSync(join(archives, id, 'manifest.json'), JSON.stringify({ ...manifest, id, createdAt }))
    }
    return [...backups, ...added]
  })
}

function entryOf(first: CatalogEntry, at: number): CatalogEntry {
  const createdAt = new Date(Date.parse(first.createdAt) - (at + 1) * apartMs).toISOString()
  const type = at % 7 === 6 ? 'full' : 'incremental'
  const stamp = createdAt.slice(0, 19).replaceAll(':', '-')
  return {
    ...first,
    id: `${stamp}Z-${type}-${at.toString(36).padStart(4, '0')}`,
    type,
    createdAt,
    services: [services[at % services.length]!],
    description: at % 5 === 0 ? `before change ${at}` : '',
    sizeBytes: 1_000_000 * (1 + ((at * 37) % 91)),
    bytes: 9_000_000 * (1 + ((at * 37) % 91)),
    files: 100 + at,
    durationMs: 1000 + at,
    warnings: at % 11 === 3 ? 2 : 0,
    verified:
      at % 3 === 0
        ? null
        : { level: 'full', at: new Date(Date.parse(createdAt) + apartMs).toISOString(), ok: at % 40 !== 17 },
  }
}

/** Logs of runs, copied from the first backup's under other times; and schedules. */
export function addRunsAndSchedules(repository: string): void {
  const runs = join(repository, 'runs')
  const [first] = readdirSync(runs).filter((name) => name.includes('-create-'))
  const text = readFileSync(join(runs, first!), 'utf8')
  const hour = first!.slice(0, 13)
  const began = Date.parse(`${hour}:00:00Z`)
  for (let at = 1; at <= runCount; at++) {
    const earlier = new Date(began - at * runApartMs).toISOString().slice(0, 13)
    const name = `${earlier}${first!.slice(13, first!.lastIndexOf('-') + 1)}${at.toString(36).padStart(4, '0')}.ndjson`
    writeFileSync(join(runs, name), text.replaceAll(hour, earlier))
  }
  const schedules = Array.from({ length: scheduleCount }, (_, at): Schedule => scheduleOf(at))
  writeFileSync(join(repository, 'schedules.json'), JSON.stringify({ v: 1, schedules }))
}

function scheduleOf(at: number): Schedule {
  const service = services[at % services.length]!
  return {
    id: `${service}-${at}`,
    name: `${service} at ${at % 24}:${String(at).padStart(2, '0')}`,
    cron: `${at} ${at % 24} * * *`,
    tz: 'UTC',
    type: at % 7 === 0 ? 'full' : 'incremental',
    services: [],
    if_missed: at % 2 === 0 ? 'run-once' : 'skip',
    jitter_seconds: 0,
    enabled: at % 5 !== 3,
    createdAt: '2026-01-01T00:00:00.000Z',
    lastRuns: [],
  }
}

/** The same repository once more, for a longer history. */
export function copyPlace(bench: Bench, from: Place, to: Place): void {
  bench.remove(to.directory)
  cpSync(from.directory, to.directory, { recursive: true })
}
