import ignore from 'ignore'
import { type BytePath, comparePaths, isWithin, joinPath, pathToText, storedPathOf } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { EntryType, Source, SourceContext, SourceEntry } from '../../model/source.ts'
import { whyUnreadable } from '../archive/source-trouble.ts'
import { letGo } from '../platform/let-go.ts'

/** Files and directories of this machine, as GNU tar would take them. */
export interface FilesSettings {
  /** Absolute, normalised; each is stored itself with everything below it. */
  readonly paths: readonly BytePath[]
  /** gitignore patterns, anchored at the file system's root. */
  readonly exclude: readonly string[]
  /** Leave out what lies in a directory that a CACHEDIR.TAG marks (bford.info/cachedir). */
  readonly excludeCaches: boolean
  readonly oneFileSystem: boolean
  /** The repository's own directory, never part of a backup; null where there is none on this machine. */
  readonly repository: { readonly device: bigint; readonly inode: bigint } | null
}

const cacheTag = 'Signature: 8a477f597d28d172789f06886806bc55'
/** Entries handed on at a time, and how often the event loop gets its turn. */
const sliceEntries = 512

export function filesSource(files: Files, settings: FilesSettings): Source {
  return {
    async *scan(context) {
      const walk = new Walk(files, settings, context)
      let slice: SourceEntry[] = []
      for (const path of rootsOf(settings.paths)) {
        for (const entry of walk.from(path)) {
          slice.push(entry)
          if (slice.length < sliceEntries) continue
          yield slice
          slice = []
        }
      }
      if (slice.length > 0) yield slice
    },
  }
}

/** Sorted, without those that lie in another one. */
export function rootsOf(paths: readonly BytePath[]): BytePath[] {
  const sorted = [...paths].sort((a, b) => comparePaths(storedPathOf(a), storedPathOf(b)))
  return sorted.filter(
    (path, at) => !sorted.slice(0, at).some((above) => isWithin(storedPathOf(path), storedPathOf(above))),
  )
}

/** What is still to be looked at. */
interface Found {
  readonly path: BytePath
  readonly stored: BytePath
  /** Null where it is read when its turn comes. */
  readonly status: FileStatus | null
}

class Walk {
  readonly #files: Files
  readonly #settings: FilesSettings
  readonly #context: SourceContext
  readonly #excluded: (path: BytePath, directory: boolean) => boolean
  /** First name seen of every inode with several. */
  readonly #linked = new Map<string, BytePath>()

  constructor(files: Files, settings: FilesSettings, context: SourceContext) {
    this.#files = files
    this.#settings = settings
    this.#context = context
    this.#excluded = excludedBy(settings.exclude)
  }

  *from(root: BytePath): Generator<SourceEntry> {
    const stored = storedPathOf(root)
    let status: FileStatus | undefined
    try {
      status = this.#files.status(root)
    } catch (error) {
      this.#context.warn({ path: stored, what: whyUnreadable(error as NodeJS.ErrnoException) })
      return
    }
    if (status === undefined) {
      this.#context.warn({ path: stored, what: whyUnreadable(Object.assign(new Error(), { code: 'ENOENT' })) })
      return
    }
    if (stored !== '' && this.#excluded(stored, status.type === 'directory')) {
      this.#context.warn({ path: stored, what: 'asked for, and left out by an exclude pattern' })
      return
    }
    yield* this.#below(root, stored, status)
  }

  /** A directory before what it holds. With a stack of its own: names may nest deeper than calls can. */
  *#below(root: BytePath, rootStored: BytePath, rootStatus: FileStatus): Generator<SourceEntry> {
    const waiting: Found[] = [{ path: root, stored: rootStored, status: rootStatus }]
    for (let found = waiting.pop(); found !== undefined; found = waiting.pop()) {
      const { path, stored } = found
      const status = found.status ?? this.#childStatus(path, stored)
      if (status === null) continue
      if (status.type === 'socket') {
        this.#context.skip(stored, 'socket')
        continue
      }
      if (status.type !== 'directory') {
        yield this.#leaf(path, stored, status)
        continue
      }
      if (this.#isRepository(status)) {
        this.#context.skip(stored, 'repository')
        continue
      }
      // The file system's root has no name to be stored under.
      if (stored !== '') yield entryOf(path, stored, status, 'directory', null)
      const names = this.#names(path, stored, status, rootStatus.device)
      // The first name comes last onto the stack, and so first off it.
      names.sort((a, b) => (a < b ? 1 : -1))
      for (const name of names)
        waiting.push({ path: joinPath(path, name), stored: joinPath(stored, name), status: null })
    }
  }

  #isRepository({ device, inode }: FileStatus): boolean {
    const { repository } = this.#settings
    return repository !== null && inode === repository.inode && device === repository.device
  }

  /** The names in a directory; none where it is not to be entered, or cannot be. */
  #names(path: BytePath, stored: BytePath, status: FileStatus, device: bigint): BytePath[] {
    if (this.#settings.oneFileSystem && status.device !== device) {
      this.#context.skip(stored, 'other-file-system')
      return []
    }
    if (this.#settings.excludeCaches && this.#isCache(path)) {
      this.#context.skip(stored, 'cache')
      return []
    }
    try {
      return this.#files.names(path)
    } catch (error) {
      this.#context.warn({ path: stored, what: whyUnreadable(error as NodeJS.ErrnoException) })
      return []
    }
  }

  /** Null, and told, for what is left out or cannot be looked at. */
  #childStatus(path: BytePath, stored: BytePath): FileStatus | null {
    let status: FileStatus | undefined
    try {
      status = this.#files.status(path)
    } catch (error) {
      this.#context.warn({ path: stored, what: whyUnreadable(error as NodeJS.ErrnoException) })
      return null
    }
    if (status === undefined) {
      this.#context.warn({ path: stored, what: 'vanished before it could be read' })
      return null
    }
    if (this.#excluded(stored, status.type === 'directory')) {
      this.#context.skip(stored, 'excluded')
      return null
    }
    return status
  }

  #leaf(path: BytePath, stored: BytePath, status: FileStatus): SourceEntry {
    if (status.type === 'file' && status.links > 1) {
      const key = `${status.device}:${status.inode}`
      const first = this.#linked.get(key)
      if (first !== undefined) return entryOf(path, stored, status, 'hardlink', first)
      if (this.#readable(path, stored)) this.#linked.set(key, stored)
    }
    return entryOf(path, stored, status, status.type as EntryType, null) // sockets and directories do not come here
  }

  /** A name that cannot be opened must not carry the data of the others. */
  #readable(path: BytePath, stored: BytePath): boolean {
    try {
      letGo(this.#files, this.#files.open(path, 'read'))
      return true
    } catch (error) {
      const why = error as NodeJS.ErrnoException
      // Whoever reads it will be refused too, and tells. Any other trouble may be over by then.
      if (why.code !== 'EACCES' && why.code !== 'EPERM' && why.code !== 'ENOENT')
        this.#context.warn({ path: stored, what: `${whyUnreadable(why)}: stored apart from its other names` })
      return false
    }
  }

  #isCache(path: BytePath): boolean {
    let fd: number
    try {
      fd = this.#files.open(joinPath(path, 'CACHEDIR.TAG' as BytePath), 'read')
    } catch {
      return false
    }
    try {
      const head = Buffer.alloc(cacheTag.length)
      return this.#files.read(fd, head, 0, head.length, 0) === head.length && head.toString('latin1') === cacheTag
    } catch {
      return false
    } finally {
      letGo(this.#files, fd)
    }
  }
}

function entryOf(
  path: BytePath,
  stored: BytePath,
  status: FileStatus,
  type: EntryType,
  linkTarget: BytePath | null,
): SourceEntry {
  return { path: stored, type, attributes: status, linkTarget, content: { kind: 'disk', path } }
}

/** Whether patterns leave a stored path out. Names that are not UTF-8 are matched by their bytes as if these were Latin-1. */
export function excludedBy(patterns: readonly string[]): (path: BytePath, directory: boolean) => boolean {
  if (patterns.length === 0) return () => false
  const rules = ignore({ ignorecase: false }).add([...patterns])
  return (path, directory) => rules.ignores(`${pathToText(path) ?? path}${directory ? '/' : ''}`)
}
