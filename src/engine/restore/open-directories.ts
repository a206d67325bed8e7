import { type BytePath, isWithin, nameOf, parentOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { letGo } from '../platform/let-go.ts'
import { placeOf } from './places.ts'

/** A place with its base open. */
export interface OpenPlace {
  readonly prefix: BytePath
  readonly base: BytePath
  readonly fd: number
}

/** A walk remembers at most half of what may be open, so that two paths in a row are both good. */
const fewestOpen = 8
/** Ancestors asked for one by one, before all that are open are compared: hashing a long path costs its length. */
const askedFor = 8

/**
 * Stored paths as the kernel shall see them: the name below the open directory it lies in, which was reached from the
 * target's top one name at a time, without following a symlink. Whoever swaps a directory for a symlink meanwhile
 * wins nothing.
 */
export class OpenDirectories {
  readonly #files: Files
  readonly #places: readonly OpenPlace[]
  readonly #limit: number
  /** Least recently used first. */
  readonly #open = new Map<BytePath, number>()
  #recent: { readonly path: BytePath; readonly fd: number } | null = null

  constructor(files: Files, places: readonly OpenPlace[], limit = 64) {
    this.#files = files
    this.#places = places
    this.#limit = Math.max(limit, fewestOpen)
  }

  /** A descriptor, good until some more directories were opened. @throws ENOENT, ENOTDIR or ELOOP as the kernel does. */
  open(directory: BytePath): number {
    if (this.#recent?.path === directory) return this.#recent.fd
    const fd = this.#find(directory)
    this.#recent = { path: directory, fd }
    return fd
  }

  /** The path for calls on one name. Two of them are good at a time. */
  child(path: BytePath): BytePath {
    return this.#files.childOf(this.open(parentOf(path)), nameOf(path))
  }

  close(): void {
    for (const fd of this.#open.values()) letGo(this.#files, fd)
    this.#open.clear()
    this.#recent = null
  }

  #find(directory: BytePath): number {
    const place = placeOf(this.#places, directory)
    if (place.prefix === directory) return place.fd
    const known = this.#known(directory)
    if (known !== undefined) return known
    let { path: at, fd } = this.#nearest(directory, place)
    let left = levels(directory) - levels(at)
    let temporary = false
    while (at !== directory) {
      const end = directory.indexOf('/', at === '' ? 0 : at.length + 1)
      const next = (end < 0 ? directory : directory.slice(0, end)) as BytePath
      let opened: number
      try {
        opened = this.#files.open(this.#files.childOf(fd, nameOf(next)), 'directory')
      } finally {
        if (temporary) letGo(this.#files, fd)
      }
      at = next
      fd = opened
      // Of those on the way only the last ones are likely to be asked for again: the parent, and all of them by
      // whoever goes up a deep tree one directory after the other.
      left--
      temporary = left >= this.#limit >> 1
      if (!temporary) this.#remember(at, fd)
    }
    return fd
  }

  /** The deepest open directory above this one. */
  #nearest(directory: BytePath, place: OpenPlace): { path: BytePath; fd: number } {
    let at = directory
    for (let asked = 0; asked < askedFor; asked++) {
      at = parentOf(at)
      if (at === place.prefix) return { path: at, fd: place.fd }
      const fd = this.#known(at)
      if (fd !== undefined) return { path: at, fd }
    }
    let nearest = place.prefix
    for (const path of this.#open.keys())
      if (path.length > nearest.length && isWithin(directory, path) && isWithin(path, place.prefix)) nearest = path
    return { path: nearest, fd: this.#known(nearest) ?? place.fd }
  }

  #known(directory: BytePath): number | undefined {
    const fd = this.#open.get(directory)
    if (fd === undefined) return undefined
    this.#open.delete(directory)
    this.#open.set(directory, fd)
    return fd
  }

  #remember(directory: BytePath, fd: number): void {
    if (this.#open.size >= this.#limit) {
      const [oldest, oldestFd] = this.#open.entries().next().value as [BytePath, number] // the limit is above 0
      this.#open.delete(oldest)
      if (this.#recent?.path === oldest) this.#recent = null
      letGo(this.#files, oldestFd)
    }
    this.#open.set(directory, fd)
  }

  /** Forgets a directory and all below it: its name may now mean another one. */
  forget(directory: BytePath): void {
    this.#recent = null
    for (const [path, fd] of [...this.#open]) {
      if (!isWithin(path, directory)) continue
      this.#open.delete(path)
      letGo(this.#files, fd)
    }
  }
}

function levels(path: BytePath): number {
  let count = path === '' ? 0 : 1
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) count++
  return count
}
