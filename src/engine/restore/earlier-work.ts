import type { BytePath } from '../../model/path.ts'
import type { FileStatus } from '../../model/ports.ts'
import type { RefuseReason, RestoreStep } from '../../model/restore.ts'
import type { TocEntry } from '../../model/toc.ts'
import { jsonPath } from '../archive/toc-pages.ts'
import type { Directory, RestorePaths } from '../plan/restore-paths.ts'
import { type LinkSource, refusal, replacedOf } from '../plan/restore-plan.ts'
import type { ChangedPath, EarlierRestore } from './earlier-restore.ts'
import type { Looked } from './look.ts'
import type { RestorableEntry } from './step-line.ts'
import type { TargetView } from './target-view.ts'
import type { TocLine } from './toc-lines.ts'

/** A step that takes back what no backup has: a name where nothing stood, the time of a directory. */
export interface TakenBack {
  readonly step: Extract<RestoreStep, { readonly kind: 'remove' | 'refuse' | 'unchanged' }>
  readonly parent: Directory
  /** Of a directory, as a table of contents would have it. */
  readonly toc: TocLine | null
  readonly written: Written | null
  readonly last: boolean
  readonly allocatedBytes: number
}

/** What an earlier restore wrote, and what of it still stands; `looked` is null where nothing does. */
export interface Written {
  readonly entry: TocEntry
  readonly looked: Looked | null
  /** It was written after all others. */
  readonly last: boolean
}

/** What an earlier restore did, seen while the plan passes by: paths come in the order of both. */
export class EarlierWork {
  readonly #earlier: EarlierRestore
  readonly #target: TargetView
  readonly #paths: RestorePaths

  constructor(earlier: EarlierRestore, target: TargetView, paths: RestorePaths) {
    this.#earlier = earlier
    this.#target = target
    this.#paths = paths
  }

  /** Of a restore that is taken back, what lies before the next entry's path; all that is left where that is null. */
  *takenBack(next: BytePath | null): Generator<TakenBack> {
    const { kind, changed } = this.#earlier
    if (kind !== 'taken-back') return
    for (const one of changed.before(next)) {
      if (!one.created && one.touchedAt === null) continue
      const step = this.#takeBack(one)
      if (step !== null) yield step
    }
  }

  /**
   * Saved, but not what stood there before all attempts: the work of an earlier one, saved before a later; or another
   * file that took the place between planning and saving, which the restore then left alone.
   */
  isNotOfBefore({ entry, archive }: TocLine): boolean {
    const { kind, changed, attemptOf } = this.#earlier
    const one = kind === 'taken-back' ? changed.peek(entry.path) : null
    if (one === null) return false
    const attempt = attemptOf[archive] ?? 0
    if (one.created) return one.attempt < attempt
    return one.attempt === attempt && one.inode !== null && one.inode !== entry.inode
  }

  /**
   * A directory that was saved before a later attempt, when an earlier one had written into it: with the time it had
   * before all of them.
   */
  asItWas(toc: TocLine): TocLine {
    const { kind, changed } = this.#earlier
    const one = kind === 'taken-back' && toc.entry.type === 'directory' ? changed.peek(toc.entry.path) : null
    if (one === null || one.touchedAt === null) return toc
    changed.skip()
    const line = JSON.stringify({ ...JSON.parse(toc.line), mt: String(one.touchedAt) })
    return { ...toc, line, entry: { ...toc.entry, mtimeNs: one.touchedAt } }
  }

  /** What a restore that is taken back wrote here; null where it did not. */
  written(path: BytePath): Written | null {
    const { kind, changed } = this.#earlier
    const one = kind === 'taken-back' ? changed.peek(path) : null
    if (one === null) return null
    changed.skip()
    if (one.entry === null) return null
    const entry = wholeEntry(one.entry, path)
    return { entry, looked: this.#target.entry(entry), last: one.last }
  }

  /** A restore that is gone on with has made what stands here. */
  hasMade(path: BytePath): boolean {
    return this.#at(path)?.created === true
  }

  /** What it has written beside what stands here, where that is there still. */
  writtenBeside(path: BytePath): LinkSource | null {
    const as = this.#at(path)?.as ?? null
    const status = as === null ? undefined : this.#target.status(as)
    return as === null || status === undefined ? null : { path: as, standing: status }
  }

  #at(path: BytePath): ChangedPath | null {
    const { kind, changed } = this.#earlier
    if (kind !== 'gone-on-with') return null
    for (const _passed of changed.before(path)) {
      // Nothing is to be done with what lies before.
    }
    return changed.peek(path)
  }

  #takeBack({ path, isDirectory, entry, touchedAt, last }: ChangedPath): TakenBack | null {
    const verdict = this.#paths.judge(path, 0, isDirectory)
    if (verdict.kind !== 'usable') return null // the top itself: its time is left alone
    const { parent } = verdict
    const because = this.#paths.resolve(parent)
    const none = { parent, toc: null, written: null, last: false, allocatedBytes: 0 }
    const refuse = (why: RefuseReason) => ({ ...none, step: refusal(path, why) as TakenBack['step'] }) // refusal makes nothing else
    if (because !== null) return touchedAt === null ? refuse(because) : null
    const status = parent.isNew === true ? undefined : this.#target.status(path)
    if (status === undefined || status.type === 'socket') return null // no restore makes a socket: a service did
    // What somebody has put in its place since is theirs.
    if (isDirectory !== (status.type === 'directory')) return touchedAt === null ? refuse('type-conflict') : null
    if (touchedAt !== null) {
      const toc = directoryLine(path, status, touchedAt)
      return { ...none, toc, step: { kind: 'unchanged', entry: toc.entry, replaces: replacedOf(status) } }
    }
    const whole = entry === null || isDirectory ? null : wholeEntry(entry, path)
    return {
      ...none,
      last,
      step: { kind: 'remove', path, replaces: replacedOf(status) },
      written: whole === null ? null : { entry: whole, looked: this.#target.entry(whole), last },
      allocatedBytes: status.allocatedBytes,
    }
  }
}

/** A directory as it stands, with another time. */
function directoryLine(path: BytePath, { mode, uid, gid }: FileStatus, mtimeNs: bigint): TocLine {
  const place = jsonPath(path)
  const line = JSON.stringify({
    ...(typeof place === 'string' ? { p: place } : place),
    ...{ t: 'd', m: mode, u: uid, g: gid, mt: String(mtimeNs) },
  })
  const entry: TocEntry = {
    ...{ path, type: 'directory', mode, uid, gid, userName: null, groupName: null, sizeBytes: 0, mtimeNs },
    ...{ ctimeNs: -1n, inode: -1n, device: -1n, deviceNumber: null, linkTarget: null, sha256: null },
    ...{ content: { kind: 'none' }, xattrs: new Map(), acl: null, sparse: null, torn: false },
  }
  return { archive: 0, home: 0, line, entry, listedOutside: false }
}

/** An entry under another path, without what only its archive knows of it. */
function wholeEntry(entry: RestorableEntry, path: BytePath): TocEntry {
  return { ...entry, path, userName: null, groupName: null, ctimeNs: -1n, inode: -1n, device: -1n, torn: false }
}
