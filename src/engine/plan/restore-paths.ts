import { type BytePath, isWithin, nameOf, parentOf, pathToText, rootPath, unsafePath } from '../../model/path.ts'
import type { RefuseReason } from '../../model/restore.ts'

/**
 * Which paths of an archive may be used, and the directories they lie in.
 *
 * Entries come in the order of the walk, so the directories above the current one are a stack, and what lies below
 * an entry follows it at once: memory is that of the depth, not of the number of entries.
 */
export type DirectoryState = 'absent' | 'directory' | 'symlink' | 'other'

export interface PathRules {
  /** What stands on disk at a stored path; asked at most once a directory, and only below directories that stand. */
  look(path: BytePath): DirectoryState
  /** The top of the target does not exist yet. */
  readonly targetIsNew: boolean
  /** Directories above the paths that were backed up: symlinks among them are followed. */
  readonly followed: ReadonlySet<BytePath>
  /** Stored paths that would lie inside the repository. */
  readonly forbidden: readonly BytePath[]
  readonly caseInsensitive: boolean
}

/** A directory above the current entry. */
export interface Directory {
  readonly path: BytePath
  readonly above: Directory | null
  /** It does not stand on disk when the restore begins. Null: not looked at yet. */
  isNew: boolean | null
  /** A step makes it. */
  planned: boolean
  /** Nothing below it may be restored. */
  refused: RefuseReason | null
  names: Set<string> | null
}

export type PathVerdict =
  | { readonly kind: 'usable'; readonly parent: Directory }
  | { readonly kind: 'refused'; readonly because: RefuseReason }
  | { readonly kind: 'own' } // the archive's own files: never restored
  | { readonly kind: 'covered' } // another archive of the same restore has brought it already

/** Where an entry lies whose path may not even be named. */
export const noDirectory: Directory = {
  path: rootPath,
  above: null,
  isNew: false,
  planned: true,
  refused: null,
  names: null,
}

const unsafeReasons = { absolute: 'absolute-path', escapes: 'escapes-target', malformed: 'malformed-path' } as const

export class RestorePaths {
  readonly #rules: PathRules
  readonly #root: Directory
  #current: Directory
  #last: { readonly path: BytePath; readonly archive: number } | null = null
  /** The entry that is no directory and came last: what lies below it is refused. */
  #leaf: { readonly path: BytePath; readonly archive: number } | null = null

  constructor(rules: PathRules) {
    this.#rules = rules
    this.#root = {
      path: rootPath,
      above: null,
      isNew: rules.targetIsNew,
      planned: true,
      refused: null,
      names: rules.caseInsensitive ? new Set() : null,
    }
    this.#current = this.#root
  }

  /** Judges the path of the next entry. `archive` is the number of the archive it comes from. */
  judge(path: BytePath, archive: number, isDirectory: boolean): PathVerdict {
    if (path === '.bka' || path.startsWith('.bka/')) return { kind: 'own' }
    const unsafe = unsafePath(path)
    if (unsafe !== null) return refused(unsafeReasons[unsafe])
    if (this.#last?.path === path)
      return this.#last.archive === archive ? refused('duplicate-path') : { kind: 'covered' }
    this.#last = { path, archive }
    if (this.#leaf !== null && isWithin(path, this.#leaf.path)) {
      const allowed = this.#leaf.archive !== archive && this.#rules.followed.has(this.#leaf.path)
      if (!allowed) return refused('below-a-link-of-this-archive')
    }
    if (!isDirectory) this.#leaf = { path, archive }
    if (this.#rules.forbidden.some((forbidden) => isWithin(path, forbidden))) return refused('inside-repository')
    const parent = this.#enter(parentOf(path))
    if (parent.refused !== null) return refused(parent.refused)
    if (this.#clashes(parent, nameOf(path))) {
      if (isDirectory) this.descend(path, parent, { isNew: true, refused: 'case-clash' })
      return refused('case-clash')
    }
    return { kind: 'usable', parent }
  }

  /** Looks at a directory and those above it where nobody has yet. Returns why nothing may go there, or null. */
  resolve(directory: Directory): RefuseReason | null {
    if (directory.isNew !== null) return directory.refused
    const above = directory.above as Directory // only the top has none, and that one is known
    directory.refused ??= this.resolve(above)
    if (directory.refused !== null || above.isNew === true) {
      directory.isNew = true
      return directory.refused
    }
    const state = this.#rules.followed.has(directory.path) ? 'directory' : this.#rules.look(directory.path)
    directory.isNew = state === 'absent'
    if (state === 'symlink') directory.refused = 'parent-is-symlink'
    if (state === 'other') directory.refused = 'parent-is-not-a-directory'
    return directory.refused
  }

  /** Goes down into a directory the archive has, with what is known of it; without `known` it is looked at on need. */
  descend(
    path: BytePath,
    parent: Directory,
    known: { readonly isNew: boolean; readonly refused: RefuseReason | null } | null,
  ): Directory {
    this.#current = {
      path,
      above: parent,
      isNew: known?.isNew ?? null,
      planned: false,
      refused: known?.refused ?? null,
      names: this.#rules.caseInsensitive ? new Set() : null,
    }
    return this.#current
  }

  #enter(path: BytePath): Directory {
    while (!isWithin(path, this.#current.path)) this.#current = this.#current.above as Directory // the top holds all
    // Directories the archive does not list.
    while (this.#current.path.length < path.length) {
      const parent: Directory = this.#current
      const end = path.indexOf('/', parent.path.length === 0 ? 0 : parent.path.length + 1)
      const next = (end < 0 ? path : path.slice(0, end)) as BytePath
      const clash = this.#clashes(parent, nameOf(next))
      this.descend(next, parent, clash ? { isNew: true, refused: 'case-clash' } : null)
      if (parent.refused !== null) this.#current.refused = parent.refused
    }
    return this.#current
  }

  #clashes(parent: Directory, name: BytePath): boolean {
    if (parent.names === null) return false
    const folded = (pathToText(name) ?? name).toLowerCase()
    if (parent.names.has(folded)) return true
    parent.names.add(folded)
    return false
  }
}

function refused(because: RefuseReason): PathVerdict {
  return { kind: 'refused', because }
}
