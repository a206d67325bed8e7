import type { CatalogEntry } from '../../src/model/backup.ts'
import type { RunSummary } from '../../src/model/jobs.ts'
import { pathFromText } from '../../src/model/path.ts'
import type { ConfiguredService, SourceListing } from '../../src/model/source-listing.ts'
import type { StatusReport } from '../../src/model/status.ts'

/** A repository made of plain data, always the same. */

export const now = Date.parse('2026-11-21T00:00:00.000Z')
const hour = 3_600_000
const letters = 'abcdefghijkmnpqrstuvwxyz23456789'

function at(ms: number): string {
  return new Date(ms).toISOString()
}

/** Four characters, another for each number. */
export function suffixOf(number: number): string {
  let text = ''
  for (let rest = number < 0 ? 1_000_000 + number : number, place = 0; place < 4; place++, rest = Math.floor(rest / 32))
    text = letters[rest % 32] + text
  return text
}

/** `2026-11-20T21-00-00Z-full-aaab`; the higher the number, the older. */
export function backupId(number: number, type = 'full'): string {
  const text = at(now - (number + 1) * 3 * hour).slice(0, 19)
  return `${text.replaceAll(':', '-')}Z-${type}-${suffixOf(number)}`
}

const serviceNames = ['web', 'mail', 'database', 'photos', 'etc']

/** Three hours apart, newest first, one service each: every seventh full, the others incremental. */
export function sampleBackups(count: number): CatalogEntry[] {
  return Array.from({ length: count }, (_, number): CatalogEntry => {
    const isFull = number % 7 === 6
    const createdAt = at(now - (number + 1) * 3 * hour)
    const verified = { level: 'full', at: at(Date.parse(createdAt) + hour), ok: number % 40 !== 17 }
    return {
      id: backupId(number, isFull ? 'full' : 'incremental'),
      type: isFull ? 'full' : 'incremental',
      createdAt,
      description: number % 5 === 0 ? `before change ${number}` : '',
      services: [serviceNames[number % 5]!],
      base: isFull ? null : backupId(number + 1),
      deps: isFull ? [] : [backupId(number + 1)],
      sizeBytes: 1_000_000 * (1 + ((number * 37) % 91)),
      bytes: 9_000_000 * (1 + ((number * 37) % 91)),
      reusedBytes: 0,
      files: 100 + number,
      warnings: number % 11 === 3 ? 2 : 0,
      durationMs: 1000 + number,
      encrypted: true,
      pinned: number === 4,
      legalHold: null,
      verified: number % 3 === 0 ? null : verified,
    }
  })
}

/** Of the samples, `etc` alone has an RPO. */
function allowedHours(service: string): number {
  return service === 'etc' ? 12 : 25
}

/** What a test does not say is answered as if nothing needed attention. */
export function sampleStatus(
  backups: readonly CatalogEntry[],
  more: Partial<Omit<StatusReport, 'problems'>> = {},
): StatusReport {
  const names = [...new Set(backups.flatMap(({ services }) => services))].sort()
  return {
    ok: (more.alerts ?? []).length === 0,
    root: '/srv/backup',
    alerts: [],
    problems: (more.alerts ?? []).map(({ message }) => message),
    daemon: null,
    schedules: 0,
    backups: backups.length,
    services: names.map((name) => {
      const mine = backups.filter(({ services }) => services.includes(name))
      const [last] = mine
      const ageHours = last === undefined ? null : (now - Date.parse(last.createdAt)) / hour
      return {
        name,
        lastGood: last?.createdAt ?? null,
        lastGoodId: last?.id ?? null,
        lastProven: null,
        ageHours,
        rpoHours: allowedHours(name),
        allowedHours: allowedHours(name),
        because: name === 'etc' ? 'rpo' : 'default',
        overdue: ageHours !== null && ageHours > allowedHours(name),
        backups: mine.length,
      }
    }),
    lastGood: backups[0]?.createdAt ?? null,
    lastProven: null,
    nextRun: null,
    repositoryBytes: backups.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    freeBytes: 120 * 1024 ** 3,
    runs: Array.from({ length: 30 }, (_, index) => ({
      id: `r${index}`,
      command: 'create',
      outcome: index === 11 ? 'failed' : 'done',
      at: at(now - (30 - index) * hour),
      durationMs: 1000 + ((index * 613) % 4000),
    })),
    successRate: 29 / 30,
    trend: [],
    verified: { id: backups[1]?.id ?? '', level: 'full', at: at(now - 5 * hour) },
    ...more,
  }
}

export function runId(number: number, word = 'create'): string {
  return `${at(now - (number + 1) * hour)
    .slice(0, 19)
    .replaceAll(':', '-')}Z-${word}-${suffixOf(number)}`
}

/** Ended runs, an hour apart, newest first: two of three backups, some that went wrong. */
export function sampleRuns(count: number): RunSummary[] {
  return Array.from({ length: count }, (_, number) => sampleRun(number))
}

export function sampleRun(number: number, more: Partial<RunSummary> = {}): RunSummary {
  const kind = number % 3 === 2 ? 'verify' : 'create'
  const startedAt = at(now - (number + 1) * hour)
  const isFailed = number % 10 === 7
  return {
    id: runId(number, kind),
    kind,
    state: isFailed ? 'failed' : number % 10 === 4 ? 'warnings' : 'done',
    startedAt,
    endedAt: at(Date.parse(startedAt) + 90_000),
    durationMs: 90_000,
    exitCode: isFailed ? 1 : number % 10 === 4 ? 3 : 0,
    about: kind === 'verify' ? `full: ${backupId(number)}` : serviceNames[Math.abs(number) % 5]!,
    host: 'web1',
    pid: 4000 + number,
    phase: null,
    progress: null,
    committed: kind === 'create' && !isFailed ? backupId(number) : null,
    report: null,
    error: isFailed ? { code: 'E_NO_SPACE', message: 'no space left on the disk', hint: 'free some' } : null,
    meaning: null,
    ...more,
  }
}

export function runningRun(number: number, more: Partial<RunSummary> = {}): RunSummary {
  return sampleRun(number, {
    state: 'running',
    endedAt: null,
    durationMs: null,
    exitCode: null,
    committed: null,
    phase: 'packing web',
    progress: { doneBytes: 400_000_000, totalBytes: 1_000_000_000, doneEntries: 400, totalEntries: 1000 },
    ...more,
  })
}

export function sampleService(name: string, more: Partial<ConfiguredService> = {}): ConfiguredService {
  return {
    name,
    type: 'files',
    definedBy: `services.${name}`,
    paths: [{ path: pathFromText(`/srv/${name}`), problem: null }],
    volumes: [],
    exclude: [],
    oneFileSystem: false,
    excludeCaches: false,
    rpoHours: 25,
    problem: null,
    ...more,
  }
}

/** Two that can be backed up, one whose path is not there, and one of a type that no version can back up. */
export function sampleSources(): SourceListing {
  return {
    compression: 'zstd',
    encrypted: true,
    services: [
      sampleService('web', {
        paths: [
          { path: pathFromText('/srv/web'), problem: null },
          { path: pathFromText('/etc/nginx'), problem: null },
        ],
        exclude: ['*.tmp', 'cache/'],
        excludeCaches: true,
      }),
      sampleService('mail', { volumes: [{ path: pathFromText('/srv/mail/queue'), problem: null }] }),
      sampleService('photos', { paths: [{ path: pathFromText('/media/photos'), problem: 'does not exist' }] }),
      sampleService('ledger', {
        type: 'postgres',
        paths: [],
        problem: 'services of type postgres are not supported yet',
      }),
    ],
  }
}
