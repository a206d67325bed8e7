import type { TocEntry } from '../../model/toc.ts'
import { type Difference, differingAttributes, isFile } from './compare.ts'

/** Differences that wait for one another: what comes after so many is told as it comes. */
const mostWaiting = 50_000

/**
 * Makes one difference, `renamed`, of a file that was removed here and added there with the same content; the same
 * inode is believed before any other of that content. Empty files are all alike, so they are left as they are. Among
 * more than 50,000 differences only the first so many are looked at: the memory must not grow with their number.
 */
export async function* joinRenames(
  differences: AsyncIterable<Difference>,
  most: number = mostWaiting,
): AsyncGenerator<Difference> {
  let waiting: Difference[] | null = []
  for await (const difference of differences) {
    if (waiting === null) {
      yield difference
      continue
    }
    waiting.push(difference)
    if (waiting.length < most) continue
    yield* joined(waiting)
    waiting = null
  }
  if (waiting !== null) yield* joined(waiting)
}

function* joined(differences: readonly Difference[]): Generator<Difference> {
  const origins = originsOf(differences)
  const gone = new Set(origins.values())
  for (const difference of differences) {
    const origin = origins.get(difference)
    if (origin !== undefined) yield renamed(origin, difference)
    else if (!gone.has(difference)) yield difference
  }
}

/** Of what was added, that which was removed elsewhere. */
function originsOf(differences: readonly Difference[]): Map<Difference, Difference> {
  const removed = new Map<string, Set<Difference>>()
  for (const difference of differences) {
    const key = difference.change === 'removed' ? contentKey(difference.before) : null
    if (key === null) continue
    const alike = removed.get(key)
    if (alike === undefined) removed.set(key, new Set([difference]))
    else alike.add(difference)
  }
  const origins = new Map<Difference, Difference>()
  if (removed.size === 0) return origins
  const byInode = new Map<string, Difference[]>()
  for (const [key, alike] of removed) {
    for (const difference of alike) {
      const place = `${key} ${difference.before?.device} ${difference.before?.inode}`
      const there = byInode.get(place)
      if (there === undefined) byInode.set(place, [difference])
      else there.push(difference)
    }
  }
  const added = differences.filter(({ change }) => change === 'added')
  const match = (difference: Difference, key: string, origin: Difference | undefined): void => {
    if (origin === undefined) return
    origins.set(difference, origin)
    removed.get(key)?.delete(origin)
  }
  for (const difference of added) {
    const key = contentKey(difference.after)
    if (key === null) continue
    match(difference, key, byInode.get(`${key} ${difference.after?.device} ${difference.after?.inode}`)?.shift())
  }
  for (const difference of added) {
    const key = contentKey(difference.after)
    if (key === null || origins.has(difference)) continue
    match(difference, key, removed.get(key)?.values().next().value)
  }
  return origins
}

/** Null for what has no content to be known by. */
function contentKey(entry: TocEntry | null): string | null {
  if (entry === null || !isFile(entry) || entry.sha256 === null || entry.sizeBytes === 0) return null
  return `${entry.sha256} ${entry.sizeBytes}`
}

function renamed(origin: Difference, { path, after }: Difference): Difference {
  const { before } = origin
  const attributes = before === null || after === null ? [] : differingAttributes(before, after)
  return { path, change: 'renamed', from: origin.path, before, after, attributes }
}
