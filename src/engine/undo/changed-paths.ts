import { type BytePath, comparePaths, parentOf, storedPathOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { PlanHeader } from '../../model/restore-plan.ts'
import { changesNothing } from '../plan/restore-plan.ts'
import type { ChangedPath, EarlierPaths } from '../restore/earlier-restore.ts'
import { pathOnDisk, placeOf, placesOf } from '../restore/places.ts'
import { spoolLines } from '../restore/spool.ts'
import { decodeStep, peekStep, type SpooledStep } from '../restore/step-line.ts'
import { readTouchedTimes } from './touched-times.ts'

/** One attempt at a restore: its plan, and the directories of its target that were not there. */
export interface Attempt {
  readonly header: PlanHeader
  readonly stepsPath: BytePath
  readonly timesPath: BytePath
  /** On disk, the highest first. */
  readonly madeAbove: readonly BytePath[]
}

/**
 * What all attempts at a restore were to change, in the order of paths as they lie on disk. Of several that were to
 * change a path, the first one knows what stood there before all of them.
 */
export class ChangedPaths implements EarlierPaths {
  readonly #stream: Generator<ChangedPath>
  #head: ChangedPath | null

  /** `stored`: by the paths of the backup, for whoever restores it again; else as they lie on disk. */
  constructor(files: Files, attempts: readonly Attempt[], names: 'on-disk' | 'stored' = 'on-disk') {
    const streams = attempts.flatMap((attempt, number) =>
      names === 'stored' ? [asStored(files, attempt, number)] : onDisk(files, attempt, number),
    )
    this.#stream = merged(streams)
    this.#head = null
    this.#step()
  }

  /** Those before a path, or all that are left; each is given once. */
  *before(path: BytePath | null): Generator<ChangedPath> {
    for (let head = this.#head; head !== null; head = this.#head) {
      if (path !== null && comparePaths(head.path, path) >= 0) return
      this.#step()
      yield head
    }
  }

  /** The one with exactly this path, if it comes next; it stays. */
  peek(path: BytePath): ChangedPath | null {
    return this.#head?.path === path ? this.#head : null
  }

  /** Passes over the one that comes next. */
  skip(): void {
    this.#step()
  }

  close(): void {
    this.#stream.return(undefined)
    this.#head = null
  }

  #step(): void {
    const next = this.#stream.next()
    this.#head = next.done === true ? null : next.value
  }
}

function onDisk(files: Files, attempt: Attempt, number: number): Generator<ChangedPath>[] {
  const places = placesOf(attempt.header)
  return [
    above(attempt, number),
    ...places.map((place) =>
      changes(files, attempt, number, (path) =>
        placeOf(places, parentOf(path)) === place ? storedPathOf(pathOnDisk(places, path)) : null,
      ),
    ),
    touched(files, attempt, number),
  ]
}

function asStored(files: Files, attempt: Attempt, number: number): Generator<ChangedPath> {
  return changes(files, attempt, number, (path) => path)
}

function* above({ madeAbove }: Attempt, attempt: number): Generator<ChangedPath> {
  for (const path of madeAbove)
    yield {
      path: storedPathOf(path),
      attempt,
      created: true,
      isDirectory: true,
      inode: null,
      entry: null,
      touchedAt: null,
      last: false,
      as: null,
    }
}

function* touched(files: Files, { timesPath }: Attempt, attempt: number): Generator<ChangedPath> {
  for (const { path, mtimeNs } of readTouchedTimes(files, timesPath))
    yield {
      path,
      attempt,
      created: false,
      isDirectory: true,
      entry: null,
      inode: null,
      touchedAt: mtimeNs,
      last: false,
      as: null,
    }
}

/** The steps that change something, in their order, but for what is written beside. `name` is null for those left out. */
function* changes(
  files: Files,
  { stepsPath }: Attempt,
  attempt: number,
  name: (path: BytePath) => BytePath | null,
): Generator<ChangedPath> {
  const beside: ChangedPath[] = []
  for (const batch of spoolLines(files, stepsPath)) {
    for (const line of batch) {
      const { kind } = peekStep(line)
      if (changesNothing.has(kind) && kind !== 'remove') continue
      const step = decodeStep(line.toString('utf8'))
      const path = name(step.path)
      if (path === null) continue
      while (beside[0] !== undefined && comparePaths(beside[0].path, path) < 0) yield beside.shift() as ChangedPath
      const changed = { ...changedBy(step), path, attempt, touchedAt: null, as: null }
      const as = step.as === null ? null : name(step.as)
      if (as === null) {
        yield changed
        continue
      }
      yield { ...changed, created: false, entry: null, as }
      beside.push({ ...changed, path: as })
      beside.sort((a, b) => comparePaths(a.path, b.path))
    }
  }
  yield* beside
}

function changedBy({
  kind,
  replaces,
  entry,
  last,
}: SpooledStep): Pick<ChangedPath, 'created' | 'isDirectory' | 'inode' | 'entry' | 'last'> {
  const isDirectory = kind === 'make-parent' || entry?.type === 'directory' || replaces?.type === 'directory'
  const created = replaces === null || replaces.type === 'socket'
  return { created, isDirectory, inode: replaces?.inode ?? null, entry, last }
}

/** Of one path, what the earliest attempt knows. */
function* merged(streams: readonly Generator<ChangedPath>[]): Generator<ChangedPath> {
  const heads = streams.map((stream) => stream.next())
  try {
    let last: BytePath | null = null
    for (;;) {
      let first: ChangedPath | null = null
      let from = -1
      heads.forEach(({ done, value }, at) => {
        if (done === true) return
        const order: number = first === null ? -1 : comparePaths(value.path, first.path)
        if (first !== null && (order > 0 || (order === 0 && value.attempt >= first.attempt))) return
        first = value
        from = at
      })
      if (first === null) return
      const found: ChangedPath = first
      heads[from] = (streams[from] as Generator<ChangedPath>).next()
      if (found.path !== last) yield found
      last = found.path
    }
  } finally {
    for (const stream of streams) stream.return(undefined)
  }
}
