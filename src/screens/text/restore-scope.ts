import { type BytePath, comparePaths, isWithin, parentOf, rootPath } from '../../model/path.ts'
import type { PathChoice } from '../../model/restore.ts'

/**
 * Which paths of a backup are marked. A mark holds for its path and all below it, up to the next mark; the root always
 * has one, and no mark says what the one above it says already. Pure.
 */
export type Marks = ReadonlyMap<BytePath, boolean>

export const allMarked: Marks = new Map([[rootPath, true]])
export const noneMarked: Marks = new Map([[rootPath, false]])

/** `partly`: something below it is marked otherwise. */
export type MarkState = 'on' | 'partly' | 'off'

export function marksFor(paths: readonly BytePath[]): Marks {
  const marks = new Map(noneMarked)
  for (const path of paths.toSorted(comparePaths)) if (!isMarked(marks, path)) marks.set(path, true)
  return marks
}

export function isMarked(marks: Marks, path: BytePath): boolean {
  for (let at = path; ; at = parentOf(at)) {
    const mark = marks.get(at)
    if (mark !== undefined) return mark
    if (at === rootPath) return false
  }
}

export function markState(marks: Marks, path: BytePath): MarkState {
  const own = isMarked(marks, path)
  for (const [other, mark] of marks) if (mark !== own && other !== path && isWithin(other, path)) return 'partly'
  return own ? 'on' : 'off'
}

/** All of it, or nothing where all of it was marked. */
export function toggled(marks: Marks, path: BytePath): Marks {
  return withMark(marks, path, markState(marks, path) !== 'on')
}

/** With the path, and all below it, marked or not. */
export function withMark(marks: Marks, path: BytePath, mark: boolean): Marks {
  const next = new Map([...marks].filter(([other]) => !isWithin(other, path)))
  if (path === rootPath || isMarked(next, path) !== mark) next.set(path, mark)
  return next
}

export function isEverything(marks: Marks): boolean {
  return marks.size === 1 && marks.get(rootPath) === true
}

export function isNothing(marks: Marks): boolean {
  return marks.size === 1 && marks.get(rootPath) === false
}

/** What a plan is told of them; empty where everything is marked. */
export function scopeChoices(marks: Marks): ReadonlyMap<BytePath, PathChoice> {
  const choices = new Map<BytePath, PathChoice>()
  for (const [path, mark] of marks) if (path !== rootPath || !mark) choices.set(path, mark ? 'restore' : 'skip')
  return choices
}

/** Paths that are marked with all below them, in their order; null where something within them is not, or all is marked. */
export function wholePaths(marks: Marks): readonly BytePath[] | null {
  if (marks.get(rootPath) === true || [...marks].some(([path, mark]) => path !== rootPath && !mark)) return null
  return [...marks.keys()].filter((path) => path !== rootPath).sort(comparePaths)
}

export interface Amount {
  /** Everything that is no directory. */
  readonly files: number
  readonly bytes: number
}

/** How much is marked; null while that of a path that has a mark is not known. */
export function markedAmount(marks: Marks, amountOf: (path: BytePath) => Amount | null): Amount | null {
  let files = 0
  let bytes = 0
  for (const [path, mark] of marks) {
    if (path === rootPath && !mark) continue
    const amount = amountOf(path)
    if (amount === null) return null
    files += mark ? amount.files : -amount.files
    bytes += mark ? amount.bytes : -amount.bytes
  }
  return { files, bytes }
}
