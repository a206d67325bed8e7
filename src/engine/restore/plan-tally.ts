import { type BytePath, displayPath, type JsonPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { PlanCounts, RefuseReason, RestoreStep } from '../../model/restore.ts'
import type { PlanHeader } from '../../model/restore-plan.ts'
import { formatNumberOf } from '../../model/units.ts'
import { jsonPath } from '../archive/toc-pages.ts'
import type { Directory } from '../plan/restore-paths.ts'
import type { User } from './attributes.ts'
import { needsRoot } from './look.ts'
import type { OpenDirectories } from './open-directories.ts'
import { type Places, pathOnDisk, realPathOfNearest } from './places.ts'
import { bytesOfStep } from './step-line.ts'

/** Refusals told with the plan; their total is counted. */
const toldRefusals = 1000
const blockBytes = 4096
const toldLost = 20

interface Space {
  readonly at: BytePath
  bytes: number
  /** Beside the file it replaces, a new one needs its room for a moment. */
  largestReplacement: number
}

export type PlanSummary = Pick<
  PlanHeader,
  'counts' | 'steps' | 'bytesToWrite' | 'space' | 'refused' | 'notes' | 'unreadable'
> & { readonly saves: NonNullable<PlanHeader['saves']> | null }

/** Counts what a plan comes to while its steps are decided. */
export class PlanTally {
  readonly #files: Files
  readonly #directories: OpenDirectories
  readonly #places: Places
  readonly #user: User
  readonly #counts: Record<keyof PlanCounts, number> = {
    create: 0,
    overwrite: 0,
    unchanged: 0,
    metadata: 0,
    keep: 0,
    delete: 0,
    refuse: 0,
  }
  readonly #refused: { path: JsonPath; because: RefuseReason }[] = []
  readonly #space = new Map<bigint, Space>()
  readonly #devices = new WeakMap<Directory, bigint>()
  #steps = 0
  #bytes = 0
  #owned = 0
  #extended = 0
  #special = 0
  #unreadable = 0
  readonly #saves: { readonly at: BytePath; entries: number; bytes: number } | null
  /** Why archives cannot be read: what of them is told. */
  readonly #reasons = new Map<string, number>()
  readonly #lost: string[] = []

  /** `saveAt`: the directory below which what is replaced is saved before; null where it is not. */
  constructor(files: Files, directories: OpenDirectories, places: Places, user: User, saveAt: BytePath | null) {
    this.#files = files
    this.#directories = directories
    this.#places = places
    this.#user = user
    this.#saves = saveAt === null ? null : { at: saveAt, entries: 0, bytes: 0 }
  }

  /** What a step replaces or removes is saved before; `allocatedBytes` is what its file system has set aside for it. */
  save(step: RestoreStep, allocatedBytes: number): void {
    const replaces = 'replaces' in step && !keepsAll.has(step.kind) ? step.replaces : null
    if (this.#saves === null || replaces === null) return
    this.#saves.entries++
    if (replaces.type !== 'file') return
    const bytes = Math.min(replaces.sizeBytes, blocks(allocatedBytes))
    this.#saves.bytes += bytes
    this.#spaceAt(this.#saves.at).bytes += blocks(bytes)
  }

  /** Entries whose content lies in an archive that cannot be read, and why not. */
  unreadable(entries: number, why: string): void {
    this.#unreadable += entries
    this.#reasons.set(why, (this.#reasons.get(why) ?? 0) + entries)
  }

  /** A page of the table of contents that cannot be read: names unknown. */
  lose(first: BytePath, next: BytePath | null, entries: number, why: string): void {
    this.#counts.refuse += entries
    if (this.#refused.length < toldRefusals) this.#refused.push({ path: jsonPath(first), because: 'data-missing' })
    this.#unreadable += entries
    const to = next === null ? 'the end' : `before ${displayPath(next)}`
    if (this.#lost.length < toldLost)
      this.#lost.push(
        `the names of ${formatNumberOf(entries, 'entry', 'entries')} from ${displayPath(first)} to ${to} are lost: ${why}`,
      )
  }

  add(step: RestoreStep, directory: Directory): void {
    this.#steps++
    switch (step.kind) {
      case 'make-parent':
        return
      case 'refuse':
        this.#counts.refuse++
        if (step.because === 'needs-root') this.#special++
        if (this.#refused.length < toldRefusals)
          this.#refused.push({ path: jsonPath(step.path), because: step.because })
        return
      case 'keep':
        this.#counts.keep++
        return
      case 'unchanged':
        this.#counts.unchanged++
        return
      case 'remove':
        this.#counts.delete++
        this.#spaceOf(directory) // a file system that only loses something is waited for too
        return
      case 'set-attributes':
        this.#counts.metadata++
        break
      default:
        if (step.replaces === null) this.#counts.create++
        else this.#counts.overwrite++
    }
    const { uid, gid } = step.entry
    if (uid !== this.#user.uid || gid !== this.#user.gid) this.#owned++
    if ([...step.entry.xattrs.keys()].some(needsRoot)) this.#extended++
    this.#needSpace(bytesOfStep(step), step.replaces?.sizeBytes ?? null, directory)
  }

  /** `before` is what is to be said first. */
  summary(before: readonly string[]): PlanSummary {
    const notes = [...before]
    const lost = this.#user.uid === 0 ? [] : this.#withoutRoot()
    if (lost.length > 0) notes.push(`without root this is not restored: ${lost.join(', ')}`)
    for (const [why, entries] of this.#reasons)
      notes.push(`the content of ${formatNumberOf(entries, 'entry', 'entries')} cannot be read: ${why}`)
    notes.push(...this.#lost)
    return {
      counts: { ...this.#counts },
      steps: this.#steps,
      bytesToWrite: this.#bytes,
      space: [...this.#space.values()].map(({ at, bytes, largestReplacement }) => ({
        at: jsonPath(at),
        bytes: bytes + largestReplacement,
      })),
      refused: this.#refused,
      notes,
      unreadable: this.#unreadable,
      saves: this.#saves === null ? null : { entries: this.#saves.entries, bytes: this.#saves.bytes },
    }
  }

  #withoutRoot(): string[] {
    const of = (count: number) => formatNumberOf(count, 'entry', 'entries')
    return [
      ...(this.#owned > 0 ? [`the owner or group of ${of(this.#owned)}`] : []),
      ...(this.#extended > 0 ? [`attributes of the system (trusted, security) of ${of(this.#extended)}`] : []),
      ...(this.#special > 0 ? [formatNumberOf(this.#special, 'device')] : []),
    ]
  }

  #needSpace(bytes: number, replacedBytes: number | null, directory: Directory): void {
    this.#bytes += bytes
    const space = this.#spaceOf(directory)
    const needed = blocks(bytes)
    if (replacedBytes === null) {
      space.bytes += needed
    } else {
      space.bytes += Math.max(0, needed - blocks(replacedBytes))
      space.largestReplacement = Math.max(space.largestReplacement, Math.min(needed, blocks(replacedBytes)))
    }
  }

  #spaceOf(directory: Directory): Space {
    const device = this.#deviceOf(directory)
    const known = this.#space.get(device)
    if (known !== undefined) return known
    let standing = directory
    while (standing.isNew === true && standing.above !== null) standing = standing.above
    const path = standing.path === '' ? this.#top() : pathOnDisk(this.#places.places, standing.path)
    const space = { at: realPathOfNearest(this.#files, path).base, bytes: 0, largestReplacement: 0 }
    this.#space.set(device, space)
    return space
  }

  #spaceAt(path: BytePath): Space {
    const at = realPathOfNearest(this.#files, path).base
    const device = this.#files.statusFollowing(at)?.device ?? 0n
    const space = this.#space.get(device) ?? { at, bytes: 0, largestReplacement: 0 }
    this.#space.set(device, space)
    return space
  }

  #deviceOf(directory: Directory): bigint {
    const known = this.#devices.get(directory)
    if (known !== undefined) return known
    const device = this.#lookUpDevice(directory)
    this.#devices.set(directory, device)
    return device
  }

  #lookUpDevice(directory: Directory): bigint {
    if (directory.isNew === true && directory.above !== null) return this.#deviceOf(directory.above)
    if (directory.isNew !== true) return this.#files.statusOf(this.#directories.open(directory.path)).device
    return this.#files.statusFollowing(realPathOfNearest(this.#files, this.#top()).base)?.device ?? 0n
  }

  #top(): BytePath {
    return pathOnDisk(this.#places.places, '' as BytePath)
  }
}

/** Steps that leave what stands as it is. */
const keepsAll: ReadonlySet<RestoreStep['kind']> = new Set(['unchanged', 'keep'])

function blocks(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes
}
