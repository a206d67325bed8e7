import { type BytePath, comparePaths } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { Lineage } from '../archive/lineage.ts'

/** One path of the backup, by every service that holds it. */
export type Recorded = readonly [TocEntry, ...TocEntry[]]

/** The tables of contents as one, in the order of paths. A page that cannot be read ends it. */
export function* recordedEntries(lineages: readonly Lineage[]): Generator<Recorded> {
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
