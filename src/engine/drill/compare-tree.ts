import { setImmediate as nextTurn } from 'node:timers/promises'
import { type BytePath, comparePaths, displayPath, isWithin, joinPath } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { TocEntry } from '../../model/toc.ts'
import { splitXattrs } from '../archive/extended-attributes.ts'
import type { Lineage } from '../archive/lineage.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import type { AccountNames } from '../platform/account-names.ts'
import type { DigestJob, Digests } from './digest-job.ts'
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

export const attributeAspects = ['owner', 'mode', 'mtime', 'xattrs', 'acl', 'link'] as const
export type Aspect = 'missing' | 'extra' | 'type' | 'content' | 'target' | 'device' | (typeof attributeAspects)[number]

export interface Difference {
  readonly path: BytePath
  readonly aspect: Aspect
  readonly what: string
}

export interface ReadBackOptions {
  readonly names: AccountNames
  readonly isRoot: boolean
  readonly signal: AbortSignal
  onProgress?(done: { readonly entries: number; readonly bytes: number }): void
}

const shownOfEach = 20
const jobBytes = 8 << 20
const jobFiles = 256
/** Longer paths are too long for a call that begins at the root. */
const longestPath = 3500
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

interface Pending {
  readonly path: BytePath
  readonly disk: BytePath
  readonly sizeBytes: number
  readonly expected: readonly string[]
}

class TreeComparison {
  readonly #files: Files
  readonly #pool: WorkerPool
  readonly #top: BytePath
  readonly #options: ReadBackOptions
  readonly #counts = new Map<Aspect, number>()
  readonly #differences: Difference[] = []
  /** Files that have several names on disk, by the one that carries the data. */
  readonly #linked = new Map<BytePath, { readonly inode: bigint; readonly links: number }>()
  /** How many more names each has in the backup. */
  readonly #otherNames = new Map<BytePath, number>()
  readonly #underWay = new Set<Promise<void>>()
  #pending: Pending[] = []
  #pendingBytes = 0
  #entries = 0
  #fileCount = 0
  #bytes = 0
  #leftOut = 0
  #failure: unknown = null

  constructor(files: Files, pool: WorkerPool, top: BytePath, options: ReadBackOptions) {
    this.#files = files
    this.#pool = pool
    this.#top = top
    this.#options = options
  }

  async run(lineages: readonly Lineage[]): Promise<ReadBack> {
    const walk = walkBack(this.#files, this.#top)
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
      await this.#submit()
      await Promise.all(this.#underWay)
      if (this.#failure !== null) throw this.#failure
    } finally {
      walk.return(undefined)
      await Promise.allSettled(this.#underWay)
    }
    for (const [path, { links }] of this.#linked) {
      const expected = 1 + (this.#otherNames.get(path) ?? 0)
      if (links !== expected) this.#differs(path, 'link', `it has ${links} names, not ${expected}`)
    }
    return {
      entries: this.#entries,
      files: this.#fileCount,
      bytes: this.#bytes,
      counts: this.#counts,
      differences: this.#differences.sort((a, b) => comparePaths(a.path, b.path)),
      leftOut: this.#leftOut,
    }
  }

  async #turn(): Promise<void> {
    this.#options.onProgress?.({ entries: this.#entries, bytes: this.#bytes })
    await nextTurn()
    this.#options.signal.throwIfAborted()
    if (this.#failure !== null) throw this.#failure
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
    const told = recorded.map((entry) => this.#differencesOf(entry, found))
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
    await this.#read(found, recorded)
  }

  async #read({ path, at, status }: Found, recorded: Recorded): Promise<void> {
    const expected = recorded.flatMap(({ sha256 }) => sha256 ?? [])
    const disk = joinPath(this.#top, path)
    if (disk.length > longestPath) {
      const [digest] = await this.#digest([at])
      this.#judge({ path, disk, sizeBytes: status.sizeBytes, expected }, digest)
      return
    }
    this.#pending.push({ path, disk, sizeBytes: status.sizeBytes, expected })
    this.#pendingBytes += status.sizeBytes
    if (this.#pendingBytes >= jobBytes || this.#pending.length >= jobFiles) await this.#submit()
  }

  async #submit(): Promise<void> {
    const batch = this.#pending
    if (batch.length === 0) return
    this.#pending = []
    this.#pendingBytes = 0
    while (this.#underWay.size >= 2 * this.#pool.count) await Promise.race(this.#underWay)
    const running: Promise<void> = this.#digest(batch.map(({ disk }) => disk))
      .then((digests) => {
        for (const [at, one] of batch.entries()) this.#judge(one, digests[at])
      })
      .catch((error: unknown) => {
        this.#failure ??= error
      })
      .finally(() => this.#underWay.delete(running))
    this.#underWay.add(running)
  }

  #digest(paths: readonly BytePath[]): Promise<Digests> {
    const job: DigestJob = { kind: 'digest', paths }
    return this.#pool.run<Digests>(job)
  }

  #judge({ path, sizeBytes, expected }: Pending, digest: Digests[number] | undefined): void {
    this.#bytes += sizeBytes
    if (digest === undefined || 'unreadable' in digest)
      this.#differs(path, 'content', `it cannot be read back: ${digest?.unreadable ?? 'no answer'}`)
    else if (!expected.includes(digest.sha256)) this.#differs(path, 'content', 'its content')
  }

  #differencesOf(entry: TocEntry, { at, status }: Found): { aspect: Aspect; what: string }[] {
    const type = entry.type === 'hardlink' ? 'file' : entry.type
    if (status.type !== type) return [{ aspect: 'type', what: `it is a ${status.type}, not a ${type}` }]
    if (entry.type === 'hardlink' && this.#isLinked(entry, status)) return []
    const told: { aspect: Aspect; what: string }[] = []
    if (entry.type === 'hardlink') told.push({ aspect: 'link', what: 'it is not the same file as its other name' })
    if (type === 'file' && status.sizeBytes !== entry.sizeBytes)
      told.push({ aspect: 'content', what: `its size, ${status.sizeBytes} bytes in the place of ${entry.sizeBytes}` })
    if (type === 'symlink' && this.#files.linkTarget(at) !== entry.linkTarget)
      told.push({ aspect: 'target', what: 'where it leads to' })
    if (type === 'char-device' || type === 'block-device') {
      const { major, minor } = status.deviceNumber
      if (major !== entry.deviceNumber?.major || minor !== entry.deviceNumber.minor)
        told.push({ aspect: 'device', what: 'its device number' })
    }
    if (type !== 'symlink' && status.mode !== entry.mode) {
      const octal = (mode: number) => mode.toString(8).padStart(4, '0')
      told.push({ aspect: 'mode', what: `its mode, ${octal(status.mode)} in the place of ${octal(entry.mode)}` })
    }
    if (status.uid !== entry.uid || status.gid !== entry.gid)
      told.push({
        aspect: 'owner',
        what: `its owner, ${status.uid}:${status.gid} in the place of ${entry.uid}:${entry.gid}`,
      })
    if (status.mtimeNs !== entry.mtimeNs) told.push({ aspect: 'mtime', what: 'its time' })
    told.push(...this.#extendedDifferences(entry, at))
    return told
  }

  #extendedDifferences(entry: TocEntry, at: BytePath): { aspect: Aspect; what: string }[] {
    const { xattrs, acl } = splitXattrs(this.#files.xattrs(at), this.#options.names)
    const told: { aspect: Aspect; what: string }[] = []
    const isWanted = [...entry.xattrs].every(([name, value]) => isSame(xattrs.get(name), value))
    // What the system gives to every new file is not the restore's doing.
    const isMore = [...xattrs.keys()].some((name) => !entry.xattrs.has(name) && /^(user|trusted)\./.test(name))
    if (!isWanted || isMore) told.push({ aspect: 'xattrs', what: 'its extended attributes' })
    if (acl?.access !== entry.acl?.access || acl?.default !== entry.acl?.default)
      told.push({ aspect: 'acl', what: 'its access control list' })
    return told
  }

  /** The name that carries the data comes before all others of it. */
  #isLinked({ linkTarget }: TocEntry, { inode }: FileStatus): boolean {
    if (linkTarget === null) return false
    const known = this.#linked.get(linkTarget)
    if (known !== undefined) return known.inode === inode
    return this.#files.status(joinPath(this.#top, linkTarget))?.inode === inode
  }

  #differs(path: BytePath, aspect: Aspect, what: string): void {
    const count = (this.#counts.get(aspect) ?? 0) + 1
    this.#counts.set(aspect, count)
    if (count <= shownOfEach) this.#differences.push({ path, aspect, what })
  }
}

/** One path of the backup, by every service that holds it. */
type Recorded = readonly [TocEntry, ...TocEntry[]]

/** The tables of contents as one, in the order of paths. A page that cannot be read ends it. */
function* recordedEntries(lineages: readonly Lineage[]): Generator<Recorded> {
  const heads = lineages.map((lineage) => {
    const entries = lineage.entries()
    return { entries, next: entries.next() }
  })
  for (;;) {
    let path: BytePath | null = null
    for (const { next } of heads)
      if (next.done !== true && (path === null || comparePaths(next.value.path, path) < 0)) path = next.value.path
    if (path === null) return
    const held: TocEntry[] = []
    for (const head of heads) {
      while (head.next.done !== true && head.next.value.path === path) {
        held.push(head.next.value)
        head.next = head.entries.next()
      }
    }
    const [first, ...others] = held
    if (first !== undefined) yield [first, ...others]
  }
}

function isFile({ type }: TocEntry): boolean {
  return type === 'file' || type === 'hardlink'
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, at) => byte === b[at])
}

export function differenceText({ path, what }: Difference): string {
  return `${displayPath(path)}: ${what}`
}
