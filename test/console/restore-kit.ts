import { setImmediate as nextTurn } from 'node:timers/promises'
import { nameMatcher } from '../../src/engine/plan/name-match.ts'
import type { BrowsedService, Browser, Child } from '../../src/model/browse.ts'
import type { PlannedRestore, PlannedStep, RestoreOptions, StepQuery } from '../../src/model/engine.ts'
import {
  type BytePath,
  comparePaths,
  displayPath,
  isWithin,
  parentOf,
  pathFromText,
  storedPathOf,
} from '../../src/model/path.ts'
import type { PlanCounts } from '../../src/model/restore.ts'
import type { TocEntry } from '../../src/model/toc.ts'
import { type Call, details, manifest, plan } from '../commands/pretend-engine.ts'
import { now } from './sample.ts'

/** A backup and plans of it, made of plain data. */

const hourNs = 3_600_000_000_000n
export const nowNs = BigInt(now) * 1_000_000n

/** Absolute path to size; a directory where it ends in a slash. */
export type Tree = Readonly<Record<string, number>>

const plainEntry: Omit<TocEntry, 'path' | 'type' | 'sizeBytes' | 'mtimeNs'> = {
  mode: 0o644,
  uid: 0,
  gid: 0,
  userName: 'root',
  groupName: 'root',
  ctimeNs: 0n,
  inode: 1n,
  device: 1n,
  deviceNumber: null,
  linkTarget: null,
  sha256: null,
  content: { kind: 'none' },
  xattrs: new Map(),
  acl: null,
  sparse: null,
  torn: false,
}

export function entriesOf(tree: Tree): TocEntry[] {
  return Object.entries(tree)
    .map(([text, sizeBytes]): TocEntry => {
      const isDirectory = text.endsWith('/')
      return {
        ...plainEntry,
        path: storedPathOf(pathFromText(isDirectory ? text.slice(0, -1) : text)),
        type: isDirectory ? 'directory' : 'file',
        sizeBytes: isDirectory ? 0 : sizeBytes,
        mtimeNs: nowNs - 20n * hourNs,
      }
    })
    .sort((a, b) => comparePaths(a.path, b.path))
}

/** By service, what it holds. */
export function pretendBrowser(trees: Readonly<Record<string, Tree>>): Browser {
  const entries = new Map(Object.entries(trees).map(([name, tree]) => [name, entriesOf(tree)]))
  const of = (service: string): readonly TocEntry[] => entries.get(service) ?? []
  const services = [...entries].map(([name, own]): BrowsedService => {
    const files = own.filter(({ type }) => type !== 'directory')
    const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const first = Object.keys(trees[name]!)[0]!.replace(/\/$/, '')
    return { name, type: 'files', paths: [first], entries: own.length, files: files.length, bytes, storedBytes: bytes }
  })
  let isClosed = false
  const child = (entry: TocEntry): Child => ({ path: entry.path, entry, number: of(services[0]!.name).indexOf(entry) })
  const check = async (): Promise<void> => {
    await nextTurn()
    if (isClosed) throw new Error('the browser is closed')
  }
  return {
    manifest,
    details,
    services,
    async children({ service, path, from, count }) {
      await check()
      const below = of(service).filter((entry) => entry.path !== path && isWithin(entry.path, path))
      const names = new Map<BytePath, Child>()
      for (const entry of below) {
        const start = path === '' ? 0 : path.length + 1
        const end = entry.path.indexOf('/', start)
        const own = (end < 0 ? entry.path : entry.path.slice(0, end)) as BytePath
        if (!names.has(own)) names.set(own, own === entry.path ? child(entry) : { path: own, entry: null, number: 0 })
      }
      const all = [...names.values()]
      const begin =
        typeof from === 'object' && 'after' in from ? all.findIndex((one) => one.path === from.after) + 1 : 0
      const children = all.slice(begin, begin + count)
      return { children, more: begin + count < all.length, lost: [] }
    },
    async entry({ service, path }) {
      await check()
      return of(service).find((entry) => entry.path === path) ?? null
    },
    async countBelow({ service, path }) {
      await check()
      return of(service).filter((entry) => entry.path !== path && isWithin(entry.path, path)).length
    },
    async find({ services: wanted, below, text, count }, watch) {
      await check()
      const matches = nameMatcher(text)
      let found = 0
      for (const { name } of services) {
        if (wanted.length > 0 && !wanted.includes(name)) continue
        for (const entry of of(name)) {
          if (entry.path === below || !isWithin(entry.path, below) || matches === null || !matches(entry.path)) continue
          if (found++ === count) return { cut: true, lost: [] }
          watch.found({ service: name, path: entry.path }, child(entry))
        }
      }
      return { cut: false, lost: [] }
    },
    async preview() {
      throw new Error('nothing to preview')
    },
    async copyToRead() {
      throw new Error('nothing to read')
    },
    close() {
      isClosed = true
    },
  }
}

/** A step as a plan would tell it, of a file; the rest is said by the test. */
export function step(path: string, more: Partial<PlannedStep> = {}): PlannedStep {
  const sizeBytes = more.bytes ?? 1000
  return {
    action: 'create',
    kind: 'write-file',
    path: storedPathOf(pathFromText(path)),
    bytes: sizeBytes,
    as: null,
    because: null,
    stored: { type: 'file', sizeBytes, mtimeNs: nowNs - 20n * hourNs },
    standing: null,
    ...more,
  }
}

export function overwritten(path: string, newerByHours: number, bytes = 1000): PlannedStep {
  const mtimeNs = nowNs - 20n * hourNs + BigInt(newerByHours) * hourNs
  return step(path, { action: 'overwrite', bytes, standing: { type: 'file', sizeBytes: 900, mtimeNs } })
}

export function refused(path: string, because: string): PlannedStep {
  return step(path, { action: 'refuse', kind: 'refuse', because, bytes: 0, stored: null })
}

export interface Plans {
  readonly calls: Call[]
  /** Every plan that was made, the newest last. */
  readonly made: PlannedRestore[]
  planRestore(options: RestoreOptions): Promise<PlannedRestore>
}

/** Plans of these steps, with what was chosen for their paths. */
export function pretendPlans(steps: readonly PlannedStep[], more: Partial<PlannedRestore> = {}): Plans {
  const calls: Call[] = []
  const made: PlannedRestore[] = []
  return {
    calls,
    made,
    async planRestore(options) {
      await nextTurn()
      calls.push({ method: 'planRestore', options })
      const planned = planOf(calls, `plan-${made.length + 1}-p${made.length}an`, steps, options, more)
      made.push(planned)
      return planned
    },
  }
}

function planOf(
  calls: Call[],
  id: string,
  all: readonly PlannedStep[],
  { target, choices = new Map(), source, conflict }: RestoreOptions,
  more: Partial<PlannedRestore>,
): PlannedRestore {
  const chosen = (path: BytePath): string | undefined => {
    for (let at = path; ; at = parentOf(at)) {
      const choice = choices.get(at)
      if (choice !== undefined || at === '') return choice
    }
  }
  const steps = all.flatMap((one): PlannedStep[] => {
    const choice = chosen(one.path)
    if (choice === 'skip') return []
    if (one.action !== 'overwrite' && one.action !== 'keep') return [one]
    if (choice === 'keep') return [{ ...one, action: 'keep', kind: 'keep', because: 'exists', bytes: 0, stored: null }]
    if (choice === 'overwrite') return [{ ...one, action: 'overwrite', kind: 'write-file', bytes: one.bytes || 1000 }]
    if (choice === 'rename') {
      const as = `${one.path}.restored-20261121T000000Z` as BytePath
      return [{ ...one, action: 'create', kind: 'write-beside', as, standing: null }]
    }
    return [one]
  })
  const count = (action: keyof PlanCounts): number => steps.filter((one) => one.action === action).length
  const matching = ({ actions, text }: StepQuery): PlannedStep[] =>
    steps.filter(
      ({ action, path }) =>
        (actions === null || actions.includes(action)) &&
        (text === null || displayPath(path).toLowerCase().includes(text.toLowerCase())),
    )
  const bytesToWrite = steps.reduce((sum, { bytes }) => sum + bytes, 0)
  return plan(calls, {
    id,
    backup: source.kind === 'backup' ? source.backup : '',
    services: ['web'],
    conflict: conflict ?? 'keep',
    inPlace: target?.kind === 'in-place',
    target: target?.kind === 'directory' ? target.path : '/',
    counts: {
      create: count('create'),
      overwrite: count('overwrite'),
      unchanged: count('unchanged'),
      metadata: count('metadata'),
      keep: count('keep'),
      delete: 0,
      refuse: count('refuse'),
    },
    bytesToWrite,
    choices,
    expiresAt: new Date(now + 900_000).toISOString(),
    space: [{ at: '/srv', neededBytes: bytesToWrite, freeBytes: 107_374_182_400 }],
    async steps(query) {
      await nextTurn()
      const found = matching(query)
      return { steps: found.slice(query.from, query.from + query.count), total: found.length }
    },
    ...more,
  })
}

export const smallTree: Tree = {
  '/srv/www/': 0,
  '/srv/www/conf/': 0,
  '/srv/www/conf/old.conf': 100,
  '/srv/www/conf/site.conf': 4000,
  '/srv/www/img/': 0,
  '/srv/www/img/logo.png': 5_000_000,
  '/srv/www/index.html': 1200,
}

/** Of that tree, in place: one blocked, two that differ, one that is new. */
export const smallSteps: readonly PlannedStep[] = [
  refused('/srv/www/conf', 'type-conflict'),
  overwritten('/srv/www/conf/site.conf', 6, 4000),
  overwritten('/srv/www/index.html', -30, 1200),
  step('/srv/www/img/logo.png', { bytes: 5_000_000 }),
]
