import { type BytePath, joinPath, nameOf, parentOf } from '../../model/path.ts'
import type { ConflictMode, RefuseReason, Replaced, RestoreStep } from '../../model/restore.ts'
import type { TocEntry } from '../../model/toc.ts'

/**
 * What a restore does with one entry, decided from the entry, what stands in its place, and the policy. Nothing here
 * looks at a disk; whether the path may be used at all is decided before, by RestorePaths.
 */
export interface RestorePolicy {
  readonly conflict: ConflictMode
  /** The conflict mode was chosen for this path itself. */
  readonly byHand: boolean
  readonly isRoot: boolean
  /** `20261120T030000Z`: part of the name of what is written beside. */
  readonly time: string
}

/** What stands on disk in the place of an entry, compared with it. */
export interface Seen extends Replaced {
  readonly device: bigint
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Of the same type with the same content: bytes, target of a symlink, numbers of a device. True for directories. */
  readonly sameContent: boolean
  /** It is one file with another name that the backup does not link to this one, and that stays as it is. */
  readonly isAnothers?: boolean
  /** Extended attributes and access control lists are what they would become. */
  readonly sameExtended: boolean
}

/** The name under which a hard link's data stands on disk after the restore. */
export interface LinkSource {
  readonly path: BytePath
  /** Where it stands already: its inode and device. Null where it will be written. */
  readonly standing: { readonly inode: bigint; readonly device: bigint } | null
}

export function decideDirectory(entry: TocEntry, seen: Seen | null, policy: RestorePolicy): RestoreStep {
  if (seen === null) return { kind: 'make-directory', entry, replaces: null }
  if (seen.type !== 'directory') return refusal(entry.path, 'type-conflict')
  const replaces = replacedOf(seen)
  if (sameAttributes(entry, seen, policy)) return { kind: 'unchanged', entry, replaces }
  return policy.conflict === 'keep' || policy.conflict === 'rename'
    ? { kind: 'keep', entry, because: 'exists', replaces }
    : { kind: 'set-attributes', entry, replaces }
}

/**
 * Anything but a directory. `source` is where the data of a hard link stands, null where this name must carry it
 * itself. `beside` gives a free name for what is written beside; it is asked only under `rename`.
 */
export function decideLeaf(
  entry: TocEntry,
  seen: Seen | null,
  policy: RestorePolicy,
  source: LinkSource | null,
  beside: () => BytePath,
): RestoreStep {
  if (seen === null) return make(entry, null, source)
  if (seen.type === 'directory') {
    // Nobody asks for every directory in the way; who looked at this one and said so gets the file beside it.
    if (policy.byHand && policy.conflict === 'rename')
      return { kind: 'write-beside', entry, as: beside(), replaces: null }
    return refusal(entry.path, 'type-conflict')
  }
  const replaces = replacedOf(seen)
  if (seen.sameContent) {
    if (source?.standing != null && sameFile(source.standing, seen)) return { kind: 'unchanged', entry, replaces }
    // Apart though they should be one file, or one though they should be apart: that is put right as attributes are.
    const isLinkedOtherwise = source !== null || seen.isAnothers === true
    if (!isLinkedOtherwise && sameAttributes(entry, seen, policy)) return { kind: 'unchanged', entry, replaces }
    if (policy.conflict === 'keep') return { kind: 'keep', entry, because: 'exists', replaces }
    // What has other names is written anew: attributes would be theirs too, and whose they are nobody knows.
    return isLinkedOtherwise || seen.links > 1
      ? make(entry, replaces, source)
      : { kind: 'set-attributes', entry, replaces }
  }
  switch (policy.conflict) {
    case 'overwrite':
      return make(entry, replaces, source)
    case 'keep':
      return { kind: 'keep', entry, because: 'exists', replaces }
    case 'keep-newer':
      return seen.mtimeNs > entry.mtimeNs
        ? { kind: 'keep', entry, because: 'newer', replaces }
        : make(entry, replaces, source)
    case 'rename':
      return { kind: 'write-beside', entry, as: beside(), replaces: null }
  }
}

/** Where the data of a group of hard links stands once `step` is done, or null where this name will not have it. */
export function sourceAfter(step: RestoreStep, seen: Seen | null): LinkSource | null {
  switch (step.kind) {
    case 'write-file':
      return { path: step.entry.path, standing: null }
    case 'write-beside':
      return { path: step.as, standing: null }
    case 'unchanged':
    case 'set-attributes':
      return { path: step.entry.path, standing: seen === null ? null : { inode: seen.inode, device: seen.device } }
    default:
      return null
  }
}

/**
 * What an entry by itself rules out, wherever it would go. `listedOutside`: its chunks are listed outside its line, and
 * its content is none as far as the line tells.
 */
export function unusableEntry(entry: TocEntry, listedOutside: boolean, isRoot: boolean): RefuseReason | null {
  switch (entry.type) {
    case 'unknown':
      return 'unknown-type'
    case 'char-device':
    case 'block-device':
      if (entry.deviceNumber === null) return 'data-missing'
      return isRoot ? null : 'needs-root'
    case 'symlink':
      return entry.linkTarget === null || entry.linkTarget === '' || entry.linkTarget.includes('\0')
        ? 'malformed-path'
        : null
    case 'hardlink':
      if (entry.linkTarget === null) return 'link-target-missing'
      return listedOutside || hasData(entry) ? null : 'data-missing'
    case 'file':
      return listedOutside || hasData(entry) ? null : 'data-missing'
    case 'directory':
    case 'fifo':
      return null
  }
}

/** Bytes the archive stores for an entry: the data regions of a sparse file, all of another. */
export function storedBytesOf(entry: Pick<TocEntry, 'sparse' | 'sizeBytes'>): number {
  return entry.sparse === null ? entry.sizeBytes : entry.sparse.reduce((sum, [, length]) => sum + length, 0)
}

/** `NAME.restored-TIME`, with a number where that name is taken; NAME is shortened where it would exceed 255 bytes. */
export function besidePath(path: BytePath, time: string, attempt: number): BytePath {
  const suffix = `.restored-${time}${attempt === 0 ? '' : `-${attempt}`}`
  const name = nameOf(path)
  let length = Math.min(name.length, longestName - suffix.length)
  // Not in the middle of a UTF-8 sequence.
  while (length < name.length && length > 1 && (name.charCodeAt(length) & 0xc0) === 0x80) length--
  return joinPath(parentOf(path), `${name.slice(0, length)}${suffix}` as BytePath)
}

const longestName = 255

export function replacedOf({ type, sizeBytes, mtimeNs, ctimeNs, inode, links }: Replaced): Replaced {
  return { type, sizeBytes, mtimeNs, ctimeNs, inode, links }
}

/** Whether what stands there now is what stood there then. A directory may have got other entries meanwhile. */
export function sameState(then: Replaced | null, now: Replaced | null): boolean {
  return sameButForChangeTime(then, now) && (then?.type === 'directory' || then?.ctimeNs === now?.ctimeNs)
}

/** The same while a restore is under way, which itself changes the change time of files with several names. */
export function sameStateMeanwhile(then: Replaced | null, now: Replaced | null): boolean {
  return then !== null && then.links > 1 ? sameButForChangeTime(then, now) : sameState(then, now)
}

function sameButForChangeTime(then: Replaced | null, now: Replaced | null): boolean {
  if (then === null || now === null) return then === now
  if (then.type !== now.type || then.inode !== now.inode) return false
  return then.type === 'directory' || (then.sizeBytes === now.sizeBytes && then.mtimeNs === now.mtimeNs)
}

function hasData(entry: TocEntry): boolean {
  return entry.content.kind !== 'none' || storedBytesOf(entry) === 0
}

function sameAttributes(entry: TocEntry, seen: Seen, policy: RestorePolicy): boolean {
  if (policy.isRoot && (entry.uid !== seen.uid || entry.gid !== seen.gid)) return false
  if (entry.type !== 'symlink' && restorableMode(entry, seen, policy) !== seen.mode) return false
  return entry.mtimeNs === seen.mtimeNs && seen.sameExtended
}

/** Who cannot give a file its owner does not give it the owner's special rights either. */
function restorableMode(entry: TocEntry, seen: Seen, policy: RestorePolicy): number {
  return policy.isRoot ? entry.mode : modeFor(entry, seen)
}

/** The mode for a file owned by `owner`: setuid and setgid only where they mean whom they meant. */
export function modeFor(
  entry: Pick<TocEntry, 'mode' | 'uid' | 'gid'>,
  owner: { readonly uid: number; readonly gid: number },
): number {
  let { mode } = entry
  if (entry.uid !== owner.uid) mode &= ~0o4000
  if (entry.gid !== owner.gid) mode &= ~0o2000
  return mode
}

function make(entry: TocEntry, replaces: Replaced | null, source: LinkSource | null): RestoreStep {
  switch (entry.type) {
    case 'file':
      return { kind: 'write-file', entry, replaces }
    case 'hardlink':
      return source === null
        ? { kind: 'write-file', entry, replaces }
        : { kind: 'make-hardlink', entry, to: source.path, replaces }
    case 'symlink':
      return { kind: 'make-symlink', entry, replaces }
    case 'fifo':
    case 'char-device':
    case 'block-device':
      return { kind: 'make-special', entry, replaces }
    case 'directory':
    case 'unknown':
      return refusal(entry.path, 'unknown-type')
  }
}

/** Steps that need no directory made for them: they do nothing, or take away what stands. */
export const changesNothing: ReadonlySet<RestoreStep['kind']> = new Set(['refuse', 'keep', 'unchanged', 'remove'])

export function refusal(path: BytePath, because: RefuseReason): RestoreStep {
  return { kind: 'refuse', path, because }
}

function sameFile(
  a: { readonly inode: bigint; readonly device: bigint },
  b: { readonly inode: bigint; readonly device: bigint },
): boolean {
  return a.inode === b.inode && a.device === b.device
}

/** What may not even be named, whatever is asked for. */
export function isUnsafe(because: RefuseReason): boolean {
  return because === 'absolute-path' || because === 'escapes-target' || because === 'malformed-path'
}

/** Why what lies below a refused directory is refused. */
export function belowOf(because: RefuseReason, symlink: boolean): RefuseReason {
  if (because !== 'type-conflict') return because
  return symlink ? 'parent-is-symlink' : 'parent-is-not-a-directory'
}
