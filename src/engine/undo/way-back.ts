import { BackupError } from '../../model/errors.ts'
import type { Narrator } from '../../model/event.ts'
import { type BytePath, parentOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { PlanHeader } from '../../model/restore-plan.ts'
import { jsonPath } from '../archive/toc-pages.ts'
import { planKeyOf } from '../plan-key.ts'
import { explainIo } from '../platform/explain-io.ts'
import { syncDirectory } from '../platform/json-file.ts'
import { letGo } from '../platform/let-go.ts'
import type { Lock } from '../platform/lock.ts'
import type { Repository } from '../repository.ts'
import { placesOf } from '../restore/places.ts'
import type { RestorePlan } from '../restore/request.ts'
import { SpoolWriter, spoolLines } from '../restore/spool.ts'
import type { Run } from '../run.ts'
import type { Session } from '../session.ts'
import { forgetOldRecords } from './forget-records.ts'
import {
  linesHash,
  lockRecord,
  openRecordDirectory,
  readRecord,
  recordDirectory,
  stepsPath,
  timesPath,
  type UndoRecord,
  writeRecord,
} from './record.ts'
import { saveReplaced } from './save-replaced.ts'
import { writeTouchedTimes } from './touched-times.ts'

/** What is on disk before a restore changes anything, so that it can be taken back and gone on with. */
export interface WayBack {
  /** The restore is done: from now on there is nothing to go on with. False, and told, where that cannot be written. */
  finish(complete: boolean, tell: Narrator): Promise<boolean>
  release(): void
}

export interface PlanToOpen {
  readonly plan: RestorePlan
  readonly hash: string
  /** As people read it. */
  readonly target: string
}

/** The restore a run belongs to: its own, the interrupted one it goes on with, or the one it takes back. */
export function restoreOf({ undoes, resumes }: PlanHeader, run: string): string {
  return undoes ?? resumes ?? run
}

/** Whether applying the plan would change anything. */
export function changesAnything({ counts }: PlanHeader): boolean {
  return counts.create + counts.overwrite + counts.metadata + counts.delete > 0
}

/**
 * Takes up the restore that a plan goes on with, before anything is told in its name: what it has come to stays in its
 * log. Null where the plan goes on with none.
 *
 * @throws E_BUSY where somebody works on it; E_PLAN_DRIFTED where it is not an interrupted one any more; E_INTERRUPTED.
 */
export async function claimResumed(session: Session, { header }: RestorePlan, signal: AbortSignal) {
  const { resumes } = header
  if (resumes === undefined) return null
  const { world } = session
  const repository = session.repository()
  const require = () => requireResumable(header, readRecord(world.files, repository, resumes))
  require()
  const since = new Date(world.clock.now()).toISOString()
  const holder = { pid: world.pid, run: resumes, command: 'restore', since }
  const lock = await lockRecord(world, repository, resumes, { holder, signal })
  try {
    require()
    return lock
  } catch (error) {
    lock.release()
    throw error
  }
}

/**
 * Saves what will be replaced and writes down what will be changed; all of it is on disk when this resolves. `claimed`
 * is what claimResumed gave.
 *
 * @throws what saving throws; E_BUSY where somebody works on the same restore; E_PLAN_DRIFTED where the restore the plan
 * goes on with is not an interrupted one any more. Nothing was changed then.
 */
export async function openWayBack(
  session: Session,
  asked: PlanToOpen,
  run: Run,
  claimed: Lock | null,
): Promise<WayBack> {
  const { world } = session
  const { files, clock } = world
  const repository = session.repository()
  const { header } = asked.plan
  const restore = restoreOf(header, run.id)
  await forgetOldRecords(session, repository, restore)
  const lock = claimed ?? (await openRecordDirectory(world, repository, restore, run))
  try {
    const before = readRecord(files, repository, restore)
    const now = new Date(clock.now()).toISOString()
    const { saves } = header
    const save = async () =>
      saves === undefined || saves.entries === 0 ? null : saveReplaced(session, asked.plan, restore, run)
    let record: UndoRecord
    if (header.undoes === undefined) {
      requireResumable(header, before)
      const safety = await save()
      record = await withAttempt(session, repository, asked, before ?? begun(asked, restore, now), safety, now)
    } else {
      if (before === null || before.state === 'undone')
        throw drifted(`the restore ${header.undoes} cannot be taken back any more`)
      if (before.attempts.length !== header.attempts)
        throw drifted(`the restore ${header.undoes} was gone on with since the plan was made`)
      const safety = await save()
      const undoSafety = safety === null ? before.undoSafety : [...before.undoSafety, safety]
      record = { ...before, state: 'undoing', touchedAt: now, undoSafety }
    }
    await writeRecord(files, repository, record)
    return wayBack(session, repository, record, lock)
  } catch (error) {
    dropUnbegun(files, repository, restore)
    lock.release()
    throw error
  }
}

/** A directory without a record tells nobody anything. For whoever holds its lock. */
function dropUnbegun(files: Files, repository: Repository, restore: string): void {
  try {
    if (readRecord(files, repository, restore) === null) files.removeTree(recordDirectory(repository, restore))
  } catch {
    // A damaged record, or a disk that cannot be written to: the error that led here says more.
  }
}

function wayBack(session: Session, repository: Repository, record: UndoRecord, lock: Lock): WayBack {
  const { files, clock } = session.world
  return {
    async finish(complete, tell) {
      const touchedAt = new Date(clock.now()).toISOString()
      const state = record.state === 'restoring' ? 'restored' : complete ? 'undone' : record.state
      try {
        await writeRecord(files, repository, { ...record, state, touchedAt })
        return true
      } catch (error) {
        if (!(error instanceof BackupError)) throw error
        tell({
          kind: 'warning',
          message: `all was done, but that cannot be noted, and it will seem to have been interrupted: ${error.message}`,
        })
        return false
      }
    },
    release: () => lock.release(),
  }
}

function begun({ plan: { header }, target }: PlanToOpen, restore: string, now: string): UndoRecord {
  const { backup } = header
  const inPlace = header.target.kind === 'in-place'
  const times = { startedAt: now, touchedAt: now }
  return { v: 1, restore, backup, target, inPlace, ...times, state: 'restoring', attempts: [], undoSafety: [] }
}

async function withAttempt(
  session: Session,
  repository: Repository,
  { plan, hash }: PlanToOpen,
  record: UndoRecord,
  safety: string | null,
  now: string,
): Promise<UndoRecord> {
  const { world } = session
  const { files } = world
  const number = record.attempts.length
  const [steps, times] = [stepsPath(repository, record.restore, number), timesPath(repository, record.restore, number)]
  try {
    // Of an attempt that died before it was written down.
    for (const left of [steps, times]) if (files.status(left) !== undefined) files.removeFile(left)
    await keepSteps(files, plan.spoolPath, steps)
    const madeAbove = absentAbove(files, plan)
    await writeTouchedTimes(files, plan, madeAbove, times)
    await syncDirectory(files, recordDirectory(repository, record.restore))
    const { key } = await planKeyOf(world, repository)
    const timesHash = linesHash(files, times, key)
    const attempt = { at: now, header: plan.header, hash, timesHash, safety, madeAbove: madeAbove.map(jsonPath) }
    return { ...record, state: 'restoring', touchedAt: now, attempts: [...record.attempts, attempt] }
  } catch (error) {
    throw explainIo(error, 'write down what is changed in', recordDirectory(repository, record.restore))
  }
}

/** The steps of the plan under a name that stays; the same file where that can be. */
async function keepSteps(files: Files, spool: BytePath, path: BytePath): Promise<void> {
  try {
    files.makeHardlink(spool, path)
  } catch {
    const out = new SpoolWriter(files, path) // the plan lies on another file system
    try {
      for (const lines of spoolLines(files, spool)) for (const line of lines) out.bytes(line)
      out.flush()
    } finally {
      out.close()
    }
  }
  const fd = files.open(path, 'read')
  try {
    await files.sync(fd)
  } finally {
    letGo(files, fd)
  }
}

/** The target's directory and those above it that are not there, the highest first. */
function absentAbove(files: Files, plan: RestorePlan): BytePath[] {
  const absent: BytePath[] = []
  for (const { base } of placesOf(plan.header))
    for (let at = base; at !== '' && files.status(at) === undefined; at = parentOf(at)) absent.push(at)
  return absent.reverse()
}

function requireResumable({ resumes }: PlanHeader, record: UndoRecord | null): void {
  if (resumes === undefined || record?.state === 'restoring') return
  throw drifted(`the restore ${resumes} is not an interrupted one any more`)
}

function drifted(message: string): BackupError {
  return new BackupError('E_PLAN_DRIFTED', message, 'make the plan anew and look at what has changed')
}
