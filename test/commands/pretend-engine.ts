import type { CatalogEntry, Manifest, ManifestDetails } from '../../src/model/backup.ts'
import type { PlannedCleanup } from '../../src/model/cleanup.ts'
import type { CreateOutcome } from '../../src/model/create.ts'
import type { DrillCard } from '../../src/model/drill.ts'
import type { Engine } from '../../src/model/engine.ts'
import { BackupError } from '../../src/model/errors.ts'
import type { RunEvent } from '../../src/model/event.ts'
import { type BytePath, pathFromText } from '../../src/model/path.ts'
import type { PlannedRestore, RestoreOutcome } from '../../src/model/planned-restore.ts'
import type { DescribedSchedule } from '../../src/model/schedule.ts'
import type { StatusReport } from '../../src/model/status.ts'
import type { TocEntry } from '../../src/model/toc.ts'

/** A test double: an Engine that notes what it is asked and answers with what the test says. Nothing is stored. */

export interface Call {
  readonly method: string
  readonly options: unknown
}

export const entry: CatalogEntry = {
  id: '2026-11-20T02-00-00Z-full-7f3k',
  type: 'full',
  createdAt: '2026-11-20T02:00:00.000Z',
  description: 'before the upgrade',
  services: ['files', 'app'],
  base: null,
  deps: [],
  sizeBytes: 3_500_000,
  bytes: 12_345_678,
  reusedBytes: 0,
  files: 1234,
  warnings: 0,
  durationMs: 2500,
  encrypted: true,
  pinned: false,
  verified: { level: 'quick', at: '2026-11-20T02:00:03.000Z', ok: true },
}

export function tocEntry(path: string | BytePath, more: Partial<TocEntry> = {}): TocEntry {
  return {
    path: typeof path === 'string' && /^[\x00-\x7f]*$/.test(path) ? pathFromText(path) : (path as BytePath),
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    userName: 'root',
    groupName: 'root',
    sizeBytes: 5,
    mtimeNs: 1_700_000_000_123_456_789n,
    ctimeNs: 0n,
    inode: 1n,
    device: 1n,
    deviceNumber: null,
    linkTarget: null,
    sha256: 'ab'.repeat(32),
    content: { kind: 'none' },
    xattrs: new Map(),
    acl: null,
    sparse: null,
    torn: false,
    ...more,
  }
}

export const manifest: Manifest = {
  v: 1,
  id: entry.id,
  createdAt: entry.createdAt,
  type: 'full',
  deps: [],
  archives: [
    {
      file: 'files.tar.zst.enc',
      id: '0'.repeat(32),
      service: 'files',
      size: 1000,
      payloadSha256: 'a'.repeat(64),
      comp: 'zstd',
      root: [0, 0, 0, 0],
      deps: [],
    },
  ],
}

export const details: ManifestDetails = {
  description: 'before the upgrade',
  host: 'web1',
  user: 'root',
  tool: 'holdfast 0.1.0',
  durationMs: 2500,
  warnings: 0,
  services: [
    {
      name: 'files',
      type: 'files',
      paths: ['/etc'],
      files: 2,
      entries: 3,
      bytes: 10,
      storedBytes: 8,
      reusedBytes: 0,
      skipped: {},
      git: [{ path: '/etc', remote: 'https://example.org/etc.git', branch: 'main', commit: 'abc123' }],
    },
  ],
}

export const restoreRun = '2026-11-21T00-00-00Z-restore-abcd'

export function event(body: Record<string, unknown>): RunEvent {
  return { run: restoreRun, at: '2026-11-21T00:00:00.000Z', ...body } as RunEvent // bodies are spelled out by the tests
}

export const restored: RestoreOutcome = {
  exitCode: 0,
  id: restoreRun,
  plan: 'plan-1',
  target: '/srv/new',
  written: 3,
  unchanged: 1,
  kept: 0,
  deleted: 0,
  refused: 0,
  damaged: [],
  bytes: 2048,
  undo: false,
  durationMs: 1000,
  warnings: 0,
}

export function plan(calls: Call[], more: Partial<PlannedRestore> = {}): PlannedRestore {
  return {
    id: 'plan-1',
    hash: 'f'.repeat(64),
    backup: entry.id,
    services: ['files'],
    target: '/srv/new',
    inPlace: false,
    conflict: 'keep',
    counts: { create: 3, overwrite: 0, unchanged: 1, metadata: 0, keep: 0, delete: 0, refuse: 0 },
    bytesToWrite: 2048,
    refused: [],
    notices: [],
    sample: [{ kind: 'write-file', path: pathFromText('etc/hosts'), bytes: 200 }],
    choices: new Map(),
    expiresAt: '2026-11-21T00:15:00.000Z',
    space: [{ at: '/srv', neededBytes: 2048, freeBytes: 107_374_182_400 }],
    steps: async () => ({ steps: [], total: 0 }),
    async save(file) {
      calls.push({ method: 'save', options: file })
    },
    async apply(during) {
      calls.push({ method: 'apply', options: null })
      during.listen(event({ kind: 'started', command: 'restore', pid: 1, host: 'web1', about: 'x' }))
      return restored
    },
    async drop() {
      calls.push({ method: 'drop', options: null })
    },
    ...more,
  }
}

export const statusReport: StatusReport = {
  ok: true,
  root: '/srv/backup',
  alerts: [],
  problems: [],
  daemon: null,
  schedules: 0,
  backups: 3,
  services: [
    {
      name: 'files',
      lastGood: '2026-11-20T02:00:00.000Z',
      lastGoodId: entry.id,
      lastProven: null,
      ageHours: 22,
      rpoHours: 25,
      allowedHours: 25,
      because: 'default',
      overdue: false,
      backups: 3,
    },
  ],
  lastGood: '2026-11-20T02:00:00.000Z',
  lastProven: null,
  nextRun: null,
  repositoryBytes: 10_485_760,
  freeBytes: 107_374_182_400,
  runs: [
    { id: 'r1', command: 'create', outcome: 'done', at: '2026-11-20T02:00:00.000Z', durationMs: 1000 },
    { id: 'r2', command: 'create', outcome: 'failed', at: '2026-11-20T03:00:00.000Z', durationMs: 1000 },
  ],
  successRate: 0.5,
  trend: [100, 200, 400, 300].map((sizeBytes, at) => ({ id: `b${at}`, createdAt: entry.createdAt, sizeBytes })),
  verified: { id: entry.id, level: 'full', at: '2026-11-20T04:00:00.000Z' },
}

const created: CreateOutcome = {
  exitCode: 0,
  run: 'run-1',
  backup: entry,
  bytes: 12_345_678,
  storedBytes: 3_500_000,
  durationMs: 2500,
  warnings: 0,
  skipped: { socket: 2 },
}

export const describedSchedule: DescribedSchedule = {
  schedule: {
    id: 'nightly',
    name: 'Nightly',
    cron: '30 2 * * *',
    tz: 'Europe/Berlin',
    type: 'incremental',
    services: ['files'],
    if_missed: 'run-once',
    jitter_seconds: 0,
    enabled: true,
    createdAt: '2026-11-01T00:00:00.000Z',
    lastRuns: [
      {
        at: '2026-11-20T01:30:00.000Z',
        startedAt: '2026-11-20T01:30:01.000Z',
        run: 'run-0',
        outcome: 'warnings',
        durationMs: 2500,
      },
    ],
  },
  origin: 'schedules.json',
  words: 'At 02:30, every day',
  next: [{ at: '2026-11-21T01:30:00.000Z', text: 'Sat 2026-11-21 02:30 +01:00   01:30Z' }],
  last: 'warnings',
}

const newerId = '2026-11-21T02-00-00Z-full-9abc'
const expiringId = '2026-11-20T12-00-00Z-full-5def'

/** One goes now, one later, one stays. */
export const cleanupPlan: PlannedCleanup = {
  policy: '--keep 1',
  decisions: [
    { backup: newerId, keep: true, held: false, reasons: ['newest #1 of 1'], expiresAt: null },
    {
      backup: expiringId,
      keep: false,
      held: false,
      reasons: ['newest #2 > keep 1'],
      expiresAt: Date.parse('2026-11-22T00:00:00Z'),
    },
    { backup: entry.id, keep: false, held: false, reasons: ['newest #3 > keep 1'], expiresAt: 0 },
  ],
  plan: { delete: [entry.id], mark: [expiringId], unmark: [], next: Date.parse('2026-11-22T00:00:00Z') },
  freedBytes: 3_500_000,
  notices: [],
}

export const drillCard: DrillCard = {
  backup: entry.id,
  services: ['files'],
  ok: true,
  restored: { ok: true, written: 3, bytes: 2048, durationMs: 1200, damaged: 0 },
  compared: { ok: true, entries: 3, files: 2, bytes: 2048, different: 0, differences: [], durationMs: 300 },
  check: null,
  rtoMs: 1500,
  ageMs: 7_200_000,
  widestGapMs: 86_400_000,
  limits: [],
  notes: [],
  kept: null,
}

/** What a test does not say is answered as if all went well. */
export function pretendEngine(calls: Call[], answers: Partial<Engine> = {}): Engine {
  const note =
    <Options, Result>(method: string, result: Result) =>
    async (options: Options): Promise<Result> => {
      calls.push({ method, options })
      return result
    }
  const engine: Engine = {
    init: note('init', {
      root: '/srv/backup',
      created: true,
      encrypted: true,
      keyFile: '/root/.config/holdfast/backup.key',
      configurationFile: '/srv/backup_config.json',
      notices: [],
    }),
    async create(options, during) {
      calls.push({ method: 'create', options })
      during.listen(event({ kind: 'started', command: 'create', pid: 1, host: 'web1', about: 'x' }))
      return created
    },
    estimate: note('estimate', {
      entries: 3,
      files: 2,
      bytes: 2048,
      changed: null,
      unreadable: 0,
      skipped: {},
      notices: [],
    }),
    sources: async () => ({ services: [], compression: 'zstd', encrypted: true }),
    list: note('list', { backups: [entry], problems: [] }),
    async inspect(options, take) {
      calls.push({ method: 'inspect', options })
      await take('files', tocEntry('etc', { type: 'directory', mode: 0o755, sizeBytes: 0, sha256: null }))
      await take('files', tocEntry('etc/hosts'))
      return { manifest, details, entries: 2 }
    },
    async cat(options, take) {
      calls.push({ method: 'cat', options })
      await take(Buffer.from([0xff, 0x00, 0x41]))
    },
    async browse(options) {
      calls.push({ method: 'browse', options })
      throw new BackupError('E_UNKNOWN_ID', `there is no backup ${options.backup}`)
    },
    async diff(options, take) {
      calls.push({ method: 'diff', options })
      const common = { service: 'files', from: null, before: null, after: null, attributes: [] }
      const [small, large] = [tocEntry('var/a.log'), tocEntry('var/a.log', { sizeBytes: 1_258_296 })]
      await take({ ...common, path: pathFromText('etc/new'), change: 'added' })
      await take({ ...common, path: pathFromText('etc/mode'), change: 'metadata', attributes: ['mode', 'mtime'] })
      const grown = { before: small, after: large, attributes: ['content', 'size'] }
      await take({ ...common, path: small.path, change: 'changed', ...grown })
      const moved = { from: pathFromText('var/old.log'), before: large, after: large }
      await take({ ...common, path: pathFromText('var/z.log'), change: 'renamed', ...moved })
      const counts = { added: 1, removed: 0, changed: 1, metadata: 1, renamed: 1 }
      return { from: entry.id, to: 'live', counts, warnings: [] }
    },
    lookAtTarget: note('lookAtTarget', { path: '/srv/new', state: 'new', freeBytes: 107_374_182_400 }),
    async planRestore(options) {
      calls.push({ method: 'planRestore', options })
      return plan(calls)
    },
    verify: note('verify', {
      exitCode: 0,
      run: 'run-2',
      reports: [{ id: entry.id, level: 'full', ok: true, problems: [], bytes: 12_345_678, durationMs: 500 }],
      blindSpot: null,
    }),
    undoable: async () => [],
    planUndo: note('planUndo', null),
    drill: note('drill', { exitCode: 0, run: 'run-7', cards: [drillCard] }),
    consolidate: note('consolidate', null),
    planDelete: note('planDelete', { backup: entry, freedBytes: 3_500_000 }),
    delete: note('delete', { exitCode: 0, run: 'run-3', id: entry.id, freedBytes: 3_500_000 }),
    planCleanup: note('planCleanup', cleanupPlan),
    cleanup: note('cleanup', {
      exitCode: 0,
      run: 'run-6',
      deleted: [entry.id],
      left: [],
      marked: 1,
      unmarked: 0,
      freedBytes: 3_500_000,
    }),
    pin: note('pin', { exitCode: 0, run: 'run-4', id: entry.id, pinned: true, legalHold: null, changed: true }),
    schedules: async () => ({ schedules: [], zone: 'UTC', services: [] }),
    async saveSchedule(draft, as) {
      calls.push({ method: 'saveSchedule', options: { draft, as } })
      return { ...draft, createdAt: entry.createdAt, lastRuns: [] }
    },
    async removeSchedule(id) {
      calls.push({ method: 'removeSchedule', options: id })
      throw new Error('nothing to remove')
    },
    describeSchedules: async () => [],
    async addSchedule(wish) {
      calls.push({ method: 'addSchedule', options: wish })
      return { schedule: describedSchedule, warnings: ['2027-03-28 02:30 does not exist in Europe/Berlin'] }
    },
    async enableSchedule(id, enabled) {
      calls.push({ method: 'enableSchedule', options: { id, enabled } })
      const { schedule } = describedSchedule
      return { schedule: { ...describedSchedule, schedule: { ...schedule, id, enabled } }, changed: true }
    },
    async runSchedule(id, during) {
      calls.push({ method: 'runSchedule', options: id })
      during.listen(event({ kind: 'started', command: 'create', pid: 1, host: 'web1', about: 'x' }))
      return { kind: 'create', ...created, backup: { ...entry, schedule: { id, at: entry.createdAt } } }
    },
    retention: async () => ({
      policy: { zone: 'UTC', sets: [], graceMs: 0, batchSize: 100 },
      backups: [],
      entries: new Map(),
      idle: [],
    }),
    unpin: note('unpin', { exitCode: 0, run: 'run-5', id: entry.id, pinned: false, legalHold: null, changed: true }),
    rebuild: note('rebuild', { exitCode: 0, backups: 3, keptAs: '/srv/backup/metadata.json.1', problems: [] }),
    status: async () => statusReport,
    doctor: async () => ({
      ok: false,
      checks: [
        { name: 'node', state: 'ok', what: 'v24', hint: '' },
        { name: 'key', state: 'problem', what: 'no key', hint: 'holdfast init' },
      ],
      settings: [{ key: 'storage.local.path', value: '/srv/backup', from: 'file', where: 'backup_config.json:3:4' }],
    }),
    keysList: async () => [
      { kid: '00ff', type: 'keyfile', label: 'first', created: '2026-11-20T02:00:00.000Z', current: true },
    ],
    keysAdd: note('keysAdd', { exitCode: 0, kid: '11ee', type: 'scrypt', file: null, archives: 2, problems: [] }),
    async exportBackup(options, take) {
      calls.push({ method: 'exportBackup', options })
      await take(Buffer.from('tar'))
      return { id: entry.id, bytes: 3 }
    },
  }
  return { ...engine, ...answers }
}
