import { setImmediate as nextTurn } from 'node:timers/promises'
import type { BrowsePlace } from '../../src/model/browse.ts'
import { type BytePath, displayPath, isWithin, parentOf, pathFromText, storedPathOf } from '../../src/model/path.ts'
import type { PlannedRestore, PlannedStep, RestoreOptions, StepQuery } from '../../src/model/planned-restore.ts'
import type { PlanCounts } from '../../src/model/restore.ts'
import { type Call, plan } from '../commands/pretend-engine.ts'
import { directory, file, type PretendBrowser, type PretendFile, pretendBrowser } from './pretend-browser.ts'
import { now } from './sample.ts'

/** A backup and plans of it, made of plain data. */

const hourNs = 3_600_000_000_000n
export const nowNs = BigInt(now) * 1_000_000n

/** Absolute path to size; a directory where it ends in a slash. */
export type Tree = Readonly<Record<string, number>>

/** By service, what it holds; what is asked for after it was closed fails. */
export function treeBrowser(trees: Readonly<Record<string, Tree>>): PretendBrowser {
  const files = Object.entries(trees).map(([name, tree]) => [name, Object.entries(tree).map(entryOf)] as const)
  const made = pretendBrowser('2026-11-20T21-00-00Z-incremental-aaaa', Object.fromEntries(files))
  const check = async (): Promise<void> => {
    await nextTurn()
    if (made.closed.value) throw new Error('the browser is closed')
  }
  return {
    ...made,
    services: made.services.map((service) => ({
      ...service,
      bytes: Object.values(trees[service.name] ?? {}).reduce((sum, size) => sum + size, 0),
    })),
    async children(query) {
      await check()
      return made.children(query)
    },
    async entry(at) {
      await check()
      return made.entry(at)
    },
    async find(query, watch) {
      await check()
      const { services, below } = query
      const isWanted = ({ service, path }: BrowsePlace): boolean =>
        (services.length === 0 || services.includes(service)) && path !== below && isWithin(path, below)
      return made.find(query, { ...watch, found: (at, child) => isWanted(at) && watch.found(at, child) })
    },
  }
}

function entryOf([text, sizeBytes]: readonly [string, number]): PretendFile {
  const mtimeNs = nowNs - 20n * hourNs
  const path = text.replace(/^\/|\/$/g, '')
  return text.endsWith('/') ? directory(path, { mtimeNs }) : file(path, '', { mtimeNs, sizeBytes })
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
  const replaced = count('overwrite') + count('metadata') + count('delete')
  return plan(calls, {
    id,
    saves: { entries: replaced, bytes: 1000 * replaced },
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
