import type { Root } from '../../model/archive.ts'
import { type BytePath, displayPath, isWithin, joinPath, parentOf, unsafePath } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { RestoreStep } from '../../model/restore.ts'
import { formatNumberOf } from '../../model/units.ts'
import type { Directory } from '../plan/restore-paths.ts'
import { refusal, replacedOf } from '../plan/restore-plan.ts'
import { explainIo } from '../platform/explain-io.ts'
import { LeftOut, sourcePaths } from './left-out.ts'
import { codeOf } from './look.ts'
import { mountOf } from './mounts.ts'
import type { OpenDirectories } from './open-directories.ts'
import type { PathSelector } from './select-paths.ts'
import { foldsCase } from './target.ts'

/** What stands in a restored directory and is not in the backup: to be removed, or refused. */
export interface Extra {
  readonly step: Extract<RestoreStep, { readonly kind: 'remove' | 'refuse' }>
  /** The restored directory it lies below. */
  readonly directory: Directory
  /** Bytes the file system has set aside for it. */
  readonly allocatedBytes: number
}

export interface ExtrasRequest {
  readonly roots: readonly Root[]
  readonly select: PathSelector
  /** Stored paths that would lie inside the repository. */
  readonly forbidden: readonly BytePath[]
}

/** A restored directory whose entries are coming. */
interface Frame {
  readonly directory: Directory
  /** On disk, in the order of the backup's. */
  readonly names: readonly BytePath[]
  /** How many of them the backup has passed. */
  at: number
}

/** Why something that the backup does not have stays all the same. */
const reasons = {
  excluded: 'left alone, because the backup leaves it out by its exclude patterns',
  mount: 'left alone, because another file system is mounted there',
  socket: 'left alone, because sockets are in no backup',
  unreadable: 'left alone, because it cannot be read',
  case: 'what it holds is left alone, because its names do not differ by case',
  incomplete: 'what it holds is left alone, because the backup could not read everything',
  lost: 'left alone, because the backup has lost names',
} as const
type Reason = keyof typeof reasons

/**
 * Finds what restored directories hold beyond what the backup does. Entries come in the order of paths; a directory is
 * compared with them while they pass, so that memory is that of the names in the directories above the current one.
 * What the backup may have left out, by its patterns or because it could not read it, is never taken for surplus.
 */
export class Extras {
  readonly #files: Files
  readonly #directories: OpenDirectories
  readonly #request: ExtrasRequest
  readonly #leftOut: LeftOut
  readonly #frames: Frame[] = []
  readonly #left = new Map<Reason, { count: number; readonly first: BytePath }>()
  #lost = false

  constructor(files: Files, directories: OpenDirectories, request: ExtrasRequest) {
    this.#files = files
    this.#directories = directories
    this.#request = request
    this.#leftOut = new LeftOut(files, request.roots)
  }

  /** A restored directory that stands on disk. Its entries follow. @throws E_IO. */
  enter(directory: Directory): void {
    const { path } = directory
    const why = this.#whyNotBelow(path)
    if (why !== null) {
      this.#leave(why, path)
      return
    }
    try {
      const fd = this.#directories.open(path)
      if (foldsCase(this.#files, fd)) this.#leave('case', path)
      else if (this.#leftOut.isCache(fd, path)) this.#leave('excluded', path)
      else this.#frames.push({ directory, names: this.#names(path), at: 0 })
    } catch (error) {
      if (codeOf(error) !== 'EACCES') throw explainIo(error, 'look into', path)
      this.#leave('unreadable', path)
    }
  }

  /** What comes before the next entry's path; all that is left where that is null. @throws E_IO. */
  *before(next: BytePath | null): Generator<Extra> {
    if (next !== null && unsafePath(next) !== null) return
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      const { directory, names } = frame
      const isBelow = next !== null && next !== directory.path && isWithin(next, directory.path)
      const name = isBelow ? firstName(next, directory.path) : null
      for (let at = names[frame.at]; at !== undefined && (name === null || at < name); at = names[frame.at]) {
        frame.at++
        yield* this.#extra(directory, at)
      }
      if (name !== null) {
        if (names[frame.at] === name) frame.at++
        return
      }
      this.#frames.pop()
    }
  }

  /** Some names of the backup are lost: from here on nobody knows what it does not have. */
  lose(): void {
    this.#lost = true
  }

  get notes(): readonly string[] {
    return [...this.#left].map(([why, { count, first }]) => {
      const others = count === 1 ? '' : ` and ${formatNumberOf(count - 1, 'other path')}`
      return `${displayPath(first)}${others}: ${reasons[why]}`
    })
  }

  *#extra(directory: Directory, name: BytePath): Generator<Extra> {
    const path = joinPath(directory.path, name)
    if (this.#lost) {
      this.#leave('lost', path)
      return
    }
    const status = this.#status(path)
    if (status === undefined || !this.#request.select(path, status.type === 'directory')) return
    if (this.#request.forbidden.some((inside) => isWithin(path, inside) || isWithin(inside, path))) {
      yield { step: refusal(path, 'inside-repository') as Extra['step'], directory, allocatedBytes: 0 } // refusal makes nothing else
      return
    }
    const staying = new Set<BytePath>()
    for (const { at, why } of this.#tree(path, status)) {
      if (why === null) continue
      this.#leave(why, at)
      // A directory that holds what stays has to stay as well.
      for (let above = at; isWithin(above, path) && !staying.has(above); above = parentOf(above)) staying.add(above)
    }
    for (const { at, status: now } of this.#tree(path, status))
      if (!staying.has(at)) {
        const { allocatedBytes } = now
        yield { step: { kind: 'remove', path: at, replaces: replacedOf(now) }, directory, allocatedBytes }
      }
  }

  /** What lies at and below a path, each directory before what it holds, and why it stays. */
  *#tree(top: BytePath, status: FileStatus): Generator<{ at: BytePath; status: FileStatus; why: Reason | null }> {
    const mount = mountOf(this.#files, this.#directories.open(parentOf(top)))
    const waiting: { readonly at: BytePath; readonly status: FileStatus | null }[] = [{ at: top, status }]
    for (let found = waiting.pop(); found !== undefined; found = waiting.pop()) {
      const { at } = found
      const now = found.status ?? this.#status(at)
      if (now === undefined) continue
      const why = this.#whyStays(at, now, mount)
      if (why !== null || now.type !== 'directory') {
        yield { at, status: now, why }
        continue
      }
      let names: BytePath[] = []
      let unreadable = false
      try {
        names = this.#names(at)
      } catch (error) {
        if (codeOf(error) !== 'EACCES') throw explainIo(error, 'look into', at)
        unreadable = true
      }
      yield { at, status: now, why: unreadable ? 'unreadable' : null }
      for (const name of names.reverse()) waiting.push({ at: joinPath(at, name), status: null })
    }
  }

  #whyStays(path: BytePath, status: FileStatus, mount: string): Reason | null {
    const isDirectory = status.type === 'directory'
    if (this.#leftOut.isExcluded(path, isDirectory)) return 'excluded'
    if (status.type === 'socket') return 'socket'
    if (!isDirectory) return null
    try {
      const fd = this.#directories.open(path)
      if (mountOf(this.#files, fd) !== mount) return 'mount'
      return this.#leftOut.isCache(fd, path) ? 'excluded' : null
    } catch (error) {
      if (codeOf(error) === 'EACCES') return 'unreadable'
      throw explainIo(error, 'look into', path)
    }
  }

  /** Why nothing below a restored directory counts as surplus. */
  #whyNotBelow(path: BytePath): Reason | null {
    if (this.#lost) return 'lost'
    const top = topOf(this.#request.roots, path)
    if (top === null) return 'incomplete' // nobody asked for it: then nobody knows what it held
    if (top.incomplete) return 'incomplete'
    if (top.path === path) return null
    // The backup may not have crossed into what is mounted there, or was made when nothing was.
    const mount = mountOf(this.#files, this.#directories.open(top.path))
    return mountOf(this.#files, this.#directories.open(path)) === mount ? null : 'mount'
  }

  #names(path: BytePath): BytePath[] {
    const fd = this.#directories.open(path)
    return this.#files.names(this.#files.childOf(fd, '.' as BytePath)).sort((a, b) => (a < b ? -1 : 1))
  }

  #status(path: BytePath): FileStatus | undefined {
    try {
      return this.#files.status(this.#directories.child(path))
    } catch (error) {
      throw explainIo(error, 'look at', path)
    }
  }

  #leave(why: Reason, path: BytePath): void {
    const known = this.#left.get(why)
    if (known === undefined) this.#left.set(why, { count: 1, first: path })
    else known.count++
  }
}

/** The deepest path that was backed up and holds the one given, and whether any backup of it has gaps. */
function topOf(
  roots: readonly Root[],
  path: BytePath,
): { readonly path: BytePath; readonly incomplete: boolean } | null {
  let best: BytePath | null = null
  let incomplete = false
  for (const { source, stats } of roots) {
    for (const stored of sourcePaths(source)) {
      if (!isWithin(path, stored)) continue
      incomplete ||= stats.warnings > 0
      if (best === null || stored.length > best.length) best = stored
    }
  }
  return best === null ? null : { path: best, incomplete }
}

function firstName(path: BytePath, directory: BytePath): BytePath {
  const start = directory.length + 1
  const end = path.indexOf('/', start)
  return path.slice(start, end < 0 ? undefined : end) as BytePath
}
