import {
  type BrowsePlace,
  type Child,
  type FindQuery,
  type FindResult,
  type FindWatch,
  listed,
} from '../../model/browse.ts'
import { BackupError } from '../../model/errors.ts'
import { isWithin } from '../../model/path.ts'
import type { Pace } from '../pace.ts'
import { type NameMatcher, nameMatcher } from '../plan/name-match.ts'
import { LostParts } from './children.ts'
import type { TocIndex } from './toc-index.ts'

/** Looks at every path of the services, or of a part of them. Only what matches is read further than its path. */
export async function findEntries(
  indexes: readonly { readonly service: string; readonly index: TocIndex }[],
  query: FindQuery,
  watch: FindWatch,
  pace: Pace,
): Promise<FindResult> {
  const matches = nameMatcher(query.text)
  if (matches === null) return { cut: false, lost: [] }
  const search = new Search(matches, query, watch)
  const lost: FindResult['lost'][number][] = []
  search.total = indexes.reduce((sum, { index }) => sum + index.entryCount, 0)
  for (const { service, index } of indexes) {
    const parts = new LostParts(index)
    const cut = await search.run(service, index, parts, pace)
    lost.push(...parts.parts)
    if (cut) return { cut, lost }
  }
  watch.progress(search.total, search.total)
  return { cut: false, lost }
}

class Search {
  total = 0
  readonly #matches: NameMatcher
  readonly #query: FindQuery
  readonly #watch: FindWatch
  #done = 0
  #found = 0

  constructor(matches: NameMatcher, query: FindQuery, watch: FindWatch) {
    this.#matches = matches
    this.#query = query
    this.#watch = watch
  }

  /** True where there is more than was asked for. */
  async run(service: string, index: TocIndex, lost: LostParts, pace: Pace): Promise<boolean> {
    const { below } = this.#query
    let at = index.atOrAfter(below)
    for (; at.page < index.pageCount; at = { page: at.page + 1, line: 0 }) {
      pace.check()
      const page = index.page(at.page)
      if (page instanceof BackupError) {
        if (at.isLost !== true && !isWithin(index.firstOf(at.page), below)) break
        lost.add(at.page, page)
        continue
      }
      for (let line = at.line; line < page.paths.length; line++) {
        const path = page.paths[line] as BrowsePlace['path']
        if (!isWithin(path, below)) return false
        if (path === below || !this.#matches(path)) continue
        if (this.#found++ === this.#query.count) return true
        const entry = listed(index.parse(page, line))
        const child: Child = { path: entry.path, entry, number: index.numberOf({ page: at.page, line }) }
        this.#watch.found({ service, path: child.path }, child)
      }
      this.#done += page.paths.length - at.line
      this.#watch.progress(this.#done, this.total)
      if (pace.isDue) await pace.turn()
    }
    return false
  }
}
