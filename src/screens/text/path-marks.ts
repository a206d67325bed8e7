import { type BytePath, isWithin, parentOf } from '../../model/path.ts'
import type { ScreenArguments } from '../house/screen-arguments.ts'

/**
 * What a person has chosen of a backup: paths, each of which stands for all that lies below it. No chosen path lies
 * below another of the same service; the empty one is all of a service. Pure.
 */
export type PathMarks = ReadonlyMap<string, ReadonlySet<BytePath>>

export const noMarks: PathMarks = new Map()

/** `within` is chosen with something above it; `partly` has something chosen below it. */
export type MarkState = 'marked' | 'within' | 'partly' | 'none'

export function markState(marks: PathMarks, service: string, path: BytePath): MarkState {
  const chosen = marks.get(service)
  if (chosen === undefined) return 'none'
  if (chosen.has(path)) return 'marked'
  if (markedAbove(marks, service, path) !== null) return 'within'
  for (const one of chosen) if (isWithin(one, path)) return 'partly'
  return 'none'
}

/** The chosen path that this one lies below; null where none is. */
export function markedAbove(marks: PathMarks, service: string, path: BytePath): BytePath | null {
  const chosen = marks.get(service)
  for (let at = path; chosen !== undefined && at !== ''; ) {
    at = parentOf(at)
    if (chosen.has(at)) return at
  }
  return null
}

/** With the path chosen, or not any more. What is chosen with something above it stays so. */
export function toggleMark(marks: PathMarks, service: string, path: BytePath): PathMarks {
  if (markedAbove(marks, service, path) !== null) return marks
  const before = marks.get(service) ?? new Set()
  const after = new Set(before)
  if (!after.delete(path)) {
    for (const one of before) if (isWithin(one, path)) after.delete(one)
    after.add(path)
  }
  const changed = new Map(marks)
  if (after.size === 0) changed.delete(service)
  else changed.set(service, after)
  return changed
}

export function countMarks(marks: PathMarks): number {
  let count = 0
  for (const chosen of marks.values()) count += chosen.size
  return count
}

/**
 * What the restore screen is opened with. Paths are looked for in every service that is restored, so that a whole
 * service among chosen paths stands for the paths at its top.
 *
 * @param tops by service, what lies at the top of it.
 */
export function restoreOf(
  backup: string,
  marks: PathMarks,
  tops: ReadonlyMap<string, readonly BytePath[]>,
): ScreenArguments['restore'] {
  const services = [...marks.keys()]
  const isWhole = [...marks.values()].every((chosen) => chosen.has('' as BytePath))
  if (isWhole) return { backup, services }
  const paths = services.flatMap((service) => {
    const chosen = [...(marks.get(service) ?? [])]
    return chosen.flatMap((path) => (path === '' ? (tops.get(service) ?? []) : [path]))
  })
  return { backup, services, paths }
}
