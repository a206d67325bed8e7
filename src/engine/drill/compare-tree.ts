import { setImmediate as nextTurn } from 'node:timers/promises'
import { type BytePath, comparePaths, isWithin, joinPath } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { Lineage } from '../archive/lineage.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import type { AccountNames } from '../platform/account-names.ts'
import { ContentCheck } from './content-check.ts'
import { type Aspect, type Difference, differencesOf, type Reading } from './differences.ts'
import { type Recorded, recordedEntries } from './recorded-entries.ts'
import { type Found, walkBack } from './walk-back.ts'

/**
 * What was restored, read back from disk and held against what was recorded when it was backed up, by code that has no
 * part in the restoring: types, contents by SHA-256, modes, owners, times, targets, extended attributes, hard links, and
 * that there is nothing else. Memory grows with files that have several names, and with nothing else.
 */
export interface ReadBack {
  readonly entries: number
  readonly files: number
  readonly bytes: number
  /** All that differs, by what it is. */
  readonly counts: ReadonlyMap<Aspect, number>
  /** The first of each. */
  readonly differences: readonly Difference[]
  /** Devices, which only root can make, and entries of a type that this version does not know. */
  readonly leftOut: number
}

export interface ReadBackOptions {
  readonly names: AccountNames
  readonly isRoot: boolean
  readonly signal: AbortSignal
  onProgress?(done: { readonly entries: number; readonly bytes: number }): void
}

const shownOfEach = 20
const turnEvery = 256

/** @throws E_DAMAGED where a table of contents cannot be read; what the signal says; errors of the disk are Node's. */
export async function readBack(
  files: Files,
  pool: WorkerPool,
  top: BytePath,
  lineages: readonly Lineage[],
  options: ReadBackOptions,
): Promise<ReadBack> {
  const comparison = new TreeComparison(files, pool, top, options)
  return comparison.run(lineages)
}

class TreeComparison {
  readonly #reading: Reading
  readonly #top: BytePath
  readonly #options: ReadBackOptions
  readonly #contents: ContentCheck
  readonly #counts = new Map<Aspect, number>()
  readonly #differences: Difference[] = []
  /** Files that have several names on disk, by the one that carries the data. */
  readonly #linked = new Map<BytePath, { readonly inode: bigint; readonly links: number }>()
  /** How many more names each has in the backup. */
  readonly #otherNames = new Map<BytePath, number>()
  #entries = 0
  #fileCount = 0
  #leftOut = 0

  constructor(files: Files, pool: WorkerPool, top: BytePath, options: ReadBackOptions) {
    this.#reading = { files, names: options.names }
    this.#top = top
    this.#options = options
    this.#contents = new ContentCheck(pool, top, (path, what) => this.#differs(path, 'content', what))
  }

  async run(lineages: readonly Lineage[]): Promise<ReadBack> {
    const walk = walkBack(this.#reading.files, this.#top)
    try {
      let found = walk.next()
      for (const recorded of recordedEntries(lineages)) {
        const { path } = recorded[0]
        while (found.done !== true && comparePaths(found.value.path, path) < 0) {
          this.#unexpected(found.value, path)
          found = walk.next()
        }
        if (found.done !== true && found.value.path === path) {
          await this.#compare(recorded, found.value)
          found = walk.next()
        } else this.#absent(recorded)
        if (++this.#entries % turnEvery === 0) await this.#turn()
      }
      for (; found.done !== true; found = walk.next()) this.#unexpected(found.value, null)
      await this.#contents.finish()
    } finally {
      walk.return(undefined)
      await this.#contents.settled()
    }
    for (const [path, { links }] of this.#linked) {
      const expected = 1 + (this.#otherNames.get(path) ?? 0)
      if (links !== expected) this.#differs(path, 'link', `it has ${links} names, not ${expected}`)
    }
    return {
      entries: this.#entries,
      files: this.#fileCount,
      bytes: this.#contents.bytes,
      counts: this.#counts,
      differences: this.#differences.sort((a, b) => comparePaths(a.path, b.path)),
      leftOut: this.#leftOut,
    }
  }

  async #turn(): Promise<void> {
    this.#options.onProgress?.({ entries: this.#entries, bytes: this.#contents.bytes })
    await nextTurn()
    this.#options.signal.throwIfAborted()
    this.#contents.throwIfFailed()
  }

  /** Directories above what was backed up are made on the way, and are not in it. */
  #unexpected({ path, status }: Found, next: BytePath | null): void {
    const isOnTheWay = status.type === 'directory' && next !== null && isWithin(next, path)
    if (!isOnTheWay) this.#differs(path, 'extra', 'it is not in the backup')
  }

  #absent(recorded: Recorded): void {
    const [{ path }] = recorded
    if (recorded.every((entry) => this.#cannotBeMade(entry))) this.#leftOut++
    else this.#differs(path, 'missing', 'it is missing')
  }

  #cannotBeMade({ type }: TocEntry): boolean {
    return type === 'unknown' || (!this.#options.isRoot && (type === 'char-device' || type === 'block-device'))
  }

  /** Where several services hold a path, one of them was restored. */
  async #compare(recorded: Recorded, found: Found): Promise<void> {
    const told = recorded.map((entry) =>
      differencesOf(this.#reading, entry, found, this.#isLinked(entry, found.status)),
    )
    const fewest = told.reduce((least, one) => (one.length < least.length ? one : least))
    for (const { aspect, what } of fewest) this.#differs(found.path, aspect, what)
    const entry = recorded[told.indexOf(fewest)] ?? recorded[0]
    if (found.status.type !== 'file' || !isFile(entry)) return
    this.#fileCount++
    const { links, inode } = found.status
    if (entry.type !== 'hardlink' && links > 1) this.#linked.set(found.path, { inode, links })
    if (entry.type === 'hardlink' && entry.linkTarget !== null) {
      this.#otherNames.set(entry.linkTarget, (this.#otherNames.get(entry.linkTarget) ?? 0) + 1)
      if (this.#isLinked(entry, found.status)) return // its content is that of the other name
    }
    if (fewest.some(({ aspect }) => aspect === 'content')) return
    const expected = recorded.flatMap(({ sha256 }) => sha256 ?? [])
    await this.#contents.take(found, expected)
  }

  /** The name that carries the data comes before all others of it. */
  #isLinked({ type, linkTarget }: TocEntry, { inode }: FileStatus): boolean {
    if (type !== 'hardlink' || linkTarget === null) return false
    const known = this.#linked.get(linkTarget)
    if (known !== undefined) return known.inode === inode
    return this.#reading.files.status(joinPath(this.#top, linkTarget))?.inode === inode
  }

  #differs(path: BytePath, aspect: Aspect, what: string): void {
    const count = (this.#counts.get(aspect) ?? 0) + 1
    this.#counts.set(aspect, count)
    if (count <= shownOfEach) this.#differences.push({ path, aspect, what })
  }
}

function isFile({ type }: TocEntry): boolean {
  return type === 'file' || type === 'hardlink'
}
