import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, pathToText, rootPath } from '../model/path.ts'
import { choiceWarnings, type PlannedRestore, type RestoreOutcome } from '../model/planned-restore.ts'
import type { PlanHeader } from '../model/restore-plan.ts'
import type { WorkerPool } from './archive/worker-pool.ts'
import { explainIfIo } from './platform/explain-io.ts'
import type { Lock } from './platform/lock.ts'
import type { Repository, World } from './repository.ts'
import { applyRestore } from './restore/apply.ts'
import type { RestoreOutcome as AppliedRestore } from './restore/outcome.ts'
import type { RestoreArchive, RestorePlan } from './restore/request.ts'
import { checkSpace } from './restore/space.ts'
import { carryOut, type Run } from './run.ts'
import type { Session } from './session.ts'
import { changesAnything, claimResumed, openWayBack } from './undo/way-back.ts'

export interface PreparedRestore {
  /** As people see it. */
  readonly planned: PlannedRestore
  readonly plan: RestorePlan
  readonly hash: string
  readonly archives: readonly RestoreArchive[]
  readonly pool: WorkerPool
  /** One copy of a header was damaged. */
  readonly healed: boolean
}

/** Does exactly what a plan says, as a run with a log of its own. */
export async function runRestore(
  session: Session,
  repository: Repository,
  prepared: PreparedRestore,
  during: During,
): Promise<RestoreOutcome> {
  const { planned, plan, healed } = prepared
  const { header } = plan
  const { backup, target } = planned
  const lacking = choiceWarnings(planned.chosen ?? null)
  const about = header.undoes === undefined ? `${backup} to ${target}` : `back to before ${header.undoes}`
  const kind = header.undoes === undefined ? 'restore' : 'undo'
  let undo = false
  const claimed = await claimResumed(session, plan, during.signal)
  const { run, result, exitCode, durationMs } = await carryOut(
    session.world,
    repository,
    { kind, about, ...during, ...(header.resumes === undefined ? {} : { run: header.resumes }) },
    async (story) => {
      for (const notice of planned.notices) story.tell({ kind: 'notice', message: notice })
      for (const message of lacking) story.tell({ kind: 'warning', message })
      const isOfAnother = header.undoes !== undefined || header.resumes !== undefined // whose record it brings to its end
      const way = header.saves !== undefined && (isOfAnother || changesAnything(header))
      const { outcome, isOpen, isNoted } = way
        ? await withWayBack(session, prepared, story, claimed)
        : { outcome: await applyPrepared(session.world, repository, prepared, story), isOpen: false, isNoted: true }
      undo = isOpen
      const { written, unchanged, kept, deleted, refused, failed, bytes, damaged } = outcome
      const counted = { written, unchanged, kept, deleted, refused, failed, bytes, damaged: damaged.length }
      return {
        result: outcome,
        report: { backup, target, ...counted },
        warnings: !isNoted || refused > 0 || failed > 0 || outcome.warnings.length > 0 || healed || lacking.length > 0,
        ...(damaged.length > 0 || plan.header.unreadable > 0 ? { exitCode: 4 } : {}),
      }
    },
  ).finally(() => claimed?.release())
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
    undo,
    durationMs,
    warnings: warnings.length + lacking.length,
  }
}

async function withWayBack(session: Session, prepared: PreparedRestore, run: Run, claimed: Lock | null) {
  const { planned, plan, hash } = prepared
  checkSpace(session.world.files, plan.header) // before the first byte of what is saved, too
  const way = await openWayBack(session, { plan, hash, target: planned.target }, run, claimed).catch(
    (error: unknown) => {
      run.tell({ kind: 'notice', message: withoutWayBack(error, plan.header) })
      return null
    },
  )
  try {
    const outcome = await applyPrepared(session.world, session.repository(), prepared, run, way !== null)
    const isNoted = (await way?.finish(outcome.failed === 0 && outcome.refused === 0, run.tell)) ?? true
    return { outcome, isOpen: way !== null && plan.header.undoes === undefined, isNoted }
  } finally {
    way?.release()
  }
}

const cannotWrite: ReadonlySet<string> = new Set(['E_IO', 'E_NO_SPACE', 'E_PLATFORM'])

/**
 * What is to be said where a repository that cannot be written to leaves no way back. A restore that replaces nothing is
 * done all the same: a machine that was lost may have no more than a read-only copy.
 *
 * @throws the error where something would be replaced, or where the restore belongs to a record.
 */
function withoutWayBack(cause: unknown, { saves, undoes, resumes }: PlanHeader): string {
  const error = explainIfIo(cause, 'write', rootPath)
  if (!(error instanceof BackupError) || !cannotWrite.has(error.code)) throw error
  if (undoes !== undefined || resumes !== undefined) throw error
  if (saves !== undefined && saves.entries > 0) {
    const hint = 'nothing was changed; make that possible, or add --no-undo to go on without a way back'
    throw new BackupError(error.code, `what would be replaced cannot be saved before: ${error.message}`, hint, error)
  }
  return `this restore cannot be gone on with or taken back by undo: ${error.message}`
}

/** Restores within a run, and tells of it. */
export async function applyPrepared(
  world: World,
  repository: Repository,
  { plan, archives, pool }: PreparedRestore,
  run: Run,
  hasRoom = false,
): Promise<AppliedRestore> {
  run.tell({ kind: 'phase', phase: 'restoring' })
  const outcome = await applyRestore(world.files, pool, plan, archives, {
    user: { uid: world.uid, gid: world.gid },
    signal: run.signal,
    hasRoom,
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
