import { createHmac } from 'node:crypto'
import * as z from 'zod'
import { BackupError, damaged } from '../../model/errors.ts'
import { type BytePath, displayPath, joinPath, pathFromJson, printable } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { jsonPathSchema, planHeaderSchema } from '../../model/restore-plan.ts'
import { claimDirectory, claimPath, makeIfAbsent, sweepClaimed } from '../platform/claimed-directory.ts'
import { explainIo } from '../platform/explain-io.ts'
import { readText, replaceFile, syncDirectory } from '../platform/json-file.ts'
import { letGo } from '../platform/let-go.ts'
import { acquireLock, type Lock, type LockHolder } from '../platform/lock.ts'
import type { Repository, World } from '../repository.ts'
import { planHash } from '../restore/plan-file.ts'
import type { RestorePlan } from '../restore/request.ts'
import { spoolLines } from '../restore/spool.ts'
import type { Attempt } from './changed-paths.ts'

/**
 * What a restore was about to change, on disk before it changed anything: undo/<restore>/record.json and the steps of
 * every attempt beside it. docs/format.md, "The repository".
 */

const attemptSchema = z.object({
  /** ISO 8601 UTC. */
  at: z.iso.datetime(),
  header: planHeaderSchema,
  /** Of the plan, under the repository's plan key: nobody without it can make a record. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** The same of the times of directories. */
  timesHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** The backup of what the attempt was to replace; null where that was nothing. */
  safety: z.string().min(1).nullable(),
  /** Directories above and of the target that were not there. */
  madeAbove: z.array(jsonPathSchema),
})

const recordSchema = z.object({
  v: z.literal(1),
  restore: z.string().min(1),
  backup: z.string().min(1),
  /** As people read it. */
  target: z.string(),
  inPlace: z.boolean(),
  startedAt: z.iso.datetime(),
  /** When it was last worked on. */
  touchedAt: z.iso.datetime(),
  state: z.enum(['restoring', 'restored', 'undoing', 'undone']),
  attempts: z.array(attemptSchema).min(1),
  /** Backups of what had changed since the restore, made before it was taken back. */
  undoSafety: z.array(z.string().min(1)),
})
export type UndoRecord = z.infer<typeof recordSchema>

/** Whoever looks whether a lock is held takes it for a moment (`isUnderWay`). */
const lookMs = 500

const recordName = 'record.json' as BytePath

export function recordDirectory(repository: Repository, restore: string): BytePath {
  return joinPath(repository.undo, restore as BytePath)
}

export function stepsPath(repository: Repository, restore: string, attempt: number): BytePath {
  return joinPath(recordDirectory(repository, restore), `${attempt + 1}.steps` as BytePath)
}

export function timesPath(repository: Repository, restore: string, attempt: number): BytePath {
  return joinPath(recordDirectory(repository, restore), `${attempt + 1}.times` as BytePath)
}

/** A hash of a file's lines that only this repository can make, 64 hex digits. @throws E_IO. */
export function linesHash(files: Files, path: BytePath, key: Uint8Array): string {
  const hmac = createHmac('sha256', key)
  for (const lines of spoolLines(files, path)) for (const line of lines) hmac.update(line).update('\n')
  return hmac.digest('hex')
}

export interface Records {
  /** The restore that began last is the first: ids of one second do not tell. */
  readonly records: readonly UndoRecord[]
  readonly unreadable: readonly { readonly restore: string; readonly problem: string }[]
}

/** All that are there. @throws E_IO. */
export function readRecords(files: Files, repository: Repository): Records {
  const records: UndoRecord[] = []
  const unreadable: { restore: string; problem: string }[] = []
  for (const restore of recordedRestores(files, repository)) {
    try {
      const record = readRecord(files, repository, restore)
      if (record !== null) records.push(record)
    } catch (error) {
      if (!(error instanceof BackupError && error.code === 'E_DAMAGED')) throw error
      unreadable.push({ restore, problem: error.message })
    }
  }
  records.sort((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
  return { records, unreadable }
}

/** Ids of restores with a record, in no order that matters. @throws E_IO. */
export function recordedRestores(files: Files, repository: Repository): string[] {
  try {
    if (files.status(repository.undo) === undefined) return []
    return files.names(repository.undo).filter((name) => /^[\w-]+$/.test(name))
  } catch (error) {
    throw explainIo(error, 'list', repository.undo)
  }
}

/** Null where there is none. @throws E_DAMAGED, E_IO. */
export function readRecord(files: Files, repository: Repository, restore: string): UndoRecord | null {
  const path = joinPath(recordDirectory(repository, restore), recordName)
  const text = readText(files, path)
  if (text === null) return null
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = null
  }
  const parsed = recordSchema.safeParse(json)
  if (parsed.success && parsed.data.restore === restore) return parsed.data
  throw damaged(
    `${displayPath(path)} cannot be understood`,
    'it was changed, or a newer version wrote it; the safety backup itself can be restored: holdfast list --type safety',
  )
}

/** The same for whoever looks at all of them: one that cannot be read is for whoever asks for it by its id. */
export function readRecordIfAny(files: Files, repository: Repository, restore: string): UndoRecord | null {
  try {
    return readRecord(files, repository, restore)
  } catch (error) {
    if (error instanceof BackupError && error.code === 'E_DAMAGED') return null
    throw error
  }
}

/** On disk when this resolves. @throws E_IO, E_NO_SPACE. */
export async function writeRecord(files: Files, repository: Repository, record: UndoRecord): Promise<void> {
  const path = joinPath(recordDirectory(repository, record.restore), recordName)
  await replaceFile(files, path, `${JSON.stringify(record)}\n`)
}

/**
 * The directory a record goes to, made where it is not there, and locked as lockRecord does; its name is on disk.
 *
 * @throws E_BUSY, E_INTERRUPTED, E_IO, E_NO_SPACE.
 */
export async function openRecordDirectory(
  { files, clock }: World,
  repository: Repository,
  restore: string,
  request: { readonly holder: LockHolder; readonly signal: AbortSignal },
): Promise<Lock> {
  const path = recordDirectory(repository, restore)
  let lock: Lock | null = null
  try {
    makeIfAbsent(files, repository.undo)
    lock = await claimDirectory(files, path, { waitMs: lookMs, clock, ...request })
    await syncDirectory(files, repository.undo)
    await syncDirectory(files, repository.root)
    return lock
  } catch (error) {
    lock?.release()
    throw explainIo(error, 'make', path)
  }
}

/** Removes the directory of a restore that died before there was a record. Never throws. */
export function sweepUnbegun(files: Files, repository: Repository, restore: string): Promise<void> {
  const directory = recordDirectory(repository, restore)
  return sweepClaimed(files, directory, () => files.status(joinPath(directory, recordName)) === undefined)
}

/** Held while a restore, or its undo, is under way. @throws E_BUSY, E_INTERRUPTED, E_IO. */
export function lockRecord(
  { files, clock }: World,
  repository: Repository,
  restore: string,
  request: { readonly holder: LockHolder; readonly signal: AbortSignal },
): Promise<Lock> {
  return acquireLock(files, claimPath(recordDirectory(repository, restore)), { waitMs: lookMs, clock, ...request })
}

/** Whether somebody works on it now. */
export function isUnderWay(files: Files, repository: Repository, restore: string): boolean {
  try {
    const path = claimPath(recordDirectory(repository, restore))
    if (files.status(path) === undefined) return false
    const fd = files.open(path, 'read')
    try {
      return !files.tryLock(fd)
    } finally {
      letGo(files, fd)
    }
  } catch {
    return false // without kernel locks nobody can tell; whoever takes it up is refused in time
  }
}

/** The attempts of a record, each checked to be what was written. @throws E_PLAN_ALTERED. */
export function attemptsOf(files: Files, repository: Repository, record: UndoRecord, key: Uint8Array): Attempt[] {
  return record.attempts.map(({ header, hash, timesHash, safety, madeAbove }, number) => {
    if (safety === null && (header.saves?.entries ?? 0) > 0) throw altered(record, 'names no safety backup')
    const plan: RestorePlan = { header, spoolPath: stepsPath(repository, record.restore, number), holders: null }
    const times = timesPath(repository, record.restore, number)
    let isWhole = false
    try {
      isWhole = planHash(files, plan, key) === hash && linesHash(files, times, key) === timesHash
    } catch (error) {
      throw altered(record, `cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (!isWhole) throw altered(record, 'is not what was written')
    return { header, stepsPath: plan.spoolPath, timesPath: times, madeAbove: madeAbove.map(pathFromJson) }
  })
}

function altered({ restore }: UndoRecord, how: string): BackupError {
  return new BackupError(
    'E_PLAN_ALTERED',
    `the record of the restore ${printable(restore)} ${how}`,
    'nothing was changed; its safety backup can be restored by hand: holdfast list --type safety',
  )
}
