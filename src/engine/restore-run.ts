import type { During } from '../model/during.ts'
import { type BytePath, displayPath, pathToText } from '../model/path.ts'
import { lackingTexts, type PlannedRestore, type RestoreOutcome } from '../model/planned-restore.ts'
import type { WorkerPool } from './archive/worker-pool.ts'
import { explainIfIo } from './platform/explain-io.ts'
import type { Repository, World } from './repository.ts'
import { applyRestore } from './restore/apply.ts'
import type { RestoreOutcome as AppliedRestore } from './restore/outcome.ts'
import type { RestoreArchive, RestorePlan } from './restore/request.ts'
import { carryOut, type Run } from './run.ts'

export interface PreparedRestore {
  /** As people see it. */
  readonly planned: PlannedRestore
  readonly plan: RestorePlan
  readonly archives: readonly RestoreArchive[]
  readonly pool: WorkerPool
  /** One copy of a header was damaged. */
  readonly healed: boolean
}

/** Does exactly what a plan says, as a run with a log of its own. */
export async function runRestore(
  world: World,
  repository: Repository,
  { planned, plan, archives, pool, healed }: PreparedRestore,
  during: During,
): Promise<RestoreOutcome> {
  const { backup, target } = planned
  const lacking = lackingTexts(planned.chosen ?? null)
  const { run, result, exitCode, durationMs } = await carryOut(
    world,
    repository,
    { kind: 'restore', about: `${backup} to ${target}`, ...during },
    async (story) => {
      for (const notice of planned.notices) story.tell({ kind: 'notice', message: notice })
      const gone = planned.counts.delete > 0 ? 'overwritten or deleted' : 'overwritten'
      if (planned.inPlace || planned.counts.delete > 0)
        story.tell({ kind: 'notice', message: `what is ${gone} is not saved: undo is not built yet` })
      for (const message of lacking) story.tell({ kind: 'warning', message })
      const outcome = await applyPrepared(world, repository, { planned, plan, archives, pool, healed }, story)
      const { written, unchanged, kept, deleted, refused, failed, bytes, damaged } = outcome
      const counted = { written, unchanged, kept, deleted, refused, failed, bytes, damaged: damaged.length }
      return {
        result: outcome,
        report: { backup, target, ...counted },
        warnings: refused > 0 || failed > 0 || outcome.warnings.length > 0 || healed || lacking.length > 0,
        ...(damaged.length > 0 || plan.header.unreadable > 0 ? { exitCode: 4 } : {}),
      }
    },
  )
  const { written, unchanged, kept, deleted, refused, bytes, damaged, warnings } = result
  return {
    exitCode,
    id: run,
    plan: planned.id,
    target,
    written,
    unchanged,
    kept,
    deleted,
    refused: refused + result.failed,
    damaged,
    bytes,
    undo: false,
    durationMs,
    warnings: warnings.length + lacking.length,
  }
}

/** Restores within a run, and tells of it. */
export async function applyPrepared(
  world: World,
  repository: Repository,
  { plan, archives, pool }: PreparedRestore,
  run: Run,
): Promise<AppliedRestore> {
  run.tell({ kind: 'phase', phase: 'restoring' })
  const outcome = await applyRestore(world.files, pool, plan, archives, {
    user: { uid: world.uid, gid: world.gid },
    signal: run.signal,
    onProgress: (progress) => run.tell({ kind: 'progress', ...progress }),
    onProblem: ({ path, what }) => run.tell({ kind: 'warning', message: what, ...named(path) }),
  }).catch((error: unknown) => {
    throw explainIfIo(error, 'restore from', repository.root)
  })
  for (const { what, count, path } of outcome.warnings)
    run.tell({ kind: 'warning', message: count > 1 ? `${what} (${count} entries)` : what, ...named(path) })
  return outcome
}

export function named(path: BytePath): { path: string; pathB64?: string } {
  const text = pathToText(path)
  return text === null
    ? { path: displayPath(path), pathB64: Buffer.from(path, 'latin1').toString('base64') }
    : { path: text }
}
