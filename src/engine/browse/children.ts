import { type Child, type ChildPage, type ChildQuery, type LostPart, listed } from '../../model/browse.ts'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, isWithin } from '../../model/path.ts'
import type { Pace } from '../pace.ts'
import type { IndexedPage, Position, TocIndex } from './toc-index.ts'

/**
 * What lies directly in a directory, from any place in it in either direction. What lies deeper is passed over without
 * being read: a step costs one search, however much a subtree holds.
 */
export async function readChildren(index: TocIndex, query: ChildQuery, pace: Pace): Promise<ChildPage> {
  pace.check()
  const { path: directory, count, passes, from } = query
  const isBackward = from === 'end' || (typeof from === 'object' && 'before' in from)
  const lost = new LostParts(index)
  const steps = isBackward ? backward(index, directory, from, lost) : forward(index, directory, from, lost)
  const children: Child[] = []
  let more = false
  for (const child of steps) {
    if (pace.isDue) await pace.turn()
    if (child === null || (passes !== null && !passes(child))) continue
    children.push(child)
    if (children.length < count) continue
    more = true
    break
  }
  if (isBackward) children.reverse()
  return { children, more, lost: lost.parts }
}

/** The child of a directory that a path is, or lies below. A name that is empty is nobody's parent. */
export function childOf(directory: BytePath, path: BytePath): BytePath {
  const start = directory === '' ? 0 : directory.length + 1
  const end = path.indexOf('/', start)
  return (end <= start ? path : path.slice(0, end)) as BytePath
}

/** Null where nothing was found for a while: whoever waits may want to know. */
function* forward(
  index: TocIndex,
  directory: BytePath,
  from: ChildQuery['from'],
  lost: LostParts,
): Generator<Child | null> {
  let last: BytePath | null = typeof from === 'object' && 'after' in from ? from.after : null
  let at = last === null ? index.atOrAfter(directory) : index.past(last)
  while (at.page < index.pageCount) {
    const page = index.page(at.page)
    if (page instanceof BackupError) {
      if (at.isLost !== true && !isWithin(index.firstOf(at.page), directory)) return
      lost.add(at.page, page)
      at = { page: at.page + 1, line: 0 }
      yield null
      continue
    }
    const path = page.paths[at.line] as BytePath
    if (path === directory) {
      at = index.next(at)
      continue
    }
    if (last !== null && isWithin(path, last)) {
      at = laterOf(index.past(last), index.next(at))
      continue
    }
    if (!isWithin(path, directory)) return
    const child = flat(childOf(directory, path))
    const entry = child === path ? index.parse(page, at.line) : null
    yield { path: child, entry: entry === null ? null : listed(entry), number: index.numberOf(at) }
    at = laterOf(index.pastFrom(at, child), index.next(at))
    last = child
  }
}

function* backward(
  index: TocIndex,
  directory: BytePath,
  from: ChildQuery['from'],
  lost: LostParts,
): Generator<Child | null> {
  let at = typeof from === 'object' && 'before' in from ? index.atOrAfter(from.before) : index.past(directory)
  for (;;) {
    const before = stepBack(index, at, lost)
    if (before === null) return
    const { page, position } = before
    const path = page.paths[position.line] as BytePath
    if (path === directory || !isWithin(path, directory)) return
    const child = flat(childOf(directory, path))
    const own = index.atOrAfter(child)
    const ownPage = index.page(own.page)
    const isThere = !(ownPage instanceof BackupError) && ownPage.paths[own.line] === child
    const entry = isThere ? listed(index.parse(ownPage, own.line)) : null
    yield { path: child, entry, number: index.numberOf(own) }
    at = laterOf(own, position) === position ? own : position
  }
}

/** The entry before a position, over pages that cannot be read. */
function stepBack(
  index: TocIndex,
  from: Position,
  lost: LostParts,
): { readonly page: IndexedPage; readonly position: Position } | null {
  let { page: at, line } = from
  const inside = from.isLost === true ? index.page(at) : null
  if (inside instanceof BackupError) lost.add(at, inside)
  if (line === 0) at--
  for (; at >= 0; at--, line = 0) {
    const page = index.page(at)
    if (!(page instanceof BackupError))
      return { page, position: { page: at, line: (line === 0 ? page.paths.length : line) - 1 } }
    lost.add(at, page)
  }
  return null
}

/** The second where they are the same. A table that contradicts itself must not be read for ever. */
function laterOf(a: Position, b: Position): Position {
  return a.page > b.page || (a.page === b.page && a.line > b.line) ? a : b
}

/** In memory of its own: a part of a page's text keeps the whole page alive. */
export function flat(path: BytePath): BytePath {
  return Buffer.from(path, 'latin1').toString('latin1') as BytePath // the same characters
}

/** Pages that were met and cannot be read, each once. */
export class LostParts {
  readonly #index: TocIndex
  readonly #parts = new Map<number, LostPart>()

  constructor(index: TocIndex) {
    this.#index = index
  }

  get parts(): readonly LostPart[] {
    return [...this.#parts.values()]
  }

  add(page: number, { message }: BackupError): void {
    this.#parts.set(page, { first: this.#index.firstOf(page), entries: this.#index.entriesOf(page), message })
  }
}
