import { readChildren } from '../../../src/engine/browse/children.ts'
import type { TocIndex } from '../../../src/engine/browse/toc-index.ts'
import { Pace } from '../../../src/engine/pace.ts'
import { systemClock } from '../../../src/engine/platform/clock.ts'
import type { Browser, Child, ChildPage, ChildQuery } from '../../../src/model/browse.ts'
import { type BytePath, isWithin } from '../../../src/model/path.ts'

/** Directories read to their end, and what they should have been. */

type Read = (query: Omit<ChildQuery, 'signal' | 'service'>) => Promise<ChildPage>

export const unhurried = new Pace(systemClock, () => false)

export function readOf(index: TocIndex): Read {
  return (query) => readChildren(index, { ...query, service: '', signal: new AbortController().signal }, unhurried)
}

export function readIn(browser: Browser, service: string): Read {
  return (query) => browser.children({ ...query, service, signal: new AbortController().signal })
}

/** All children of a directory, so many at a time. */
export async function forwards(read: Read, path: BytePath, count: number): Promise<Child[]> {
  const all: Child[] = []
  for (let from: ChildQuery['from'] = 'start'; ; from = { after: all.at(-1)!.path }) {
    const page = await read({ path, from, count, passes: null })
    all.push(...page.children)
    if (!page.more) return all
  }
}

export async function backwards(read: Read, path: BytePath, count: number): Promise<Child[]> {
  const all: Child[] = []
  for (let from: ChildQuery['from'] = 'end'; ; from = { before: all[0]!.path }) {
    const page = await read({ path, from, count, passes: null })
    all.unshift(...page.children)
    if (!page.more) return all
  }
}

/** What a directory has in it, told from all paths there are: path, and whether it has an entry of its own. */
export function expectedChildren(paths: readonly BytePath[], directory: BytePath): [path: string, isEntry: boolean][] {
  const found = new Map<string, boolean>()
  for (const path of paths) {
    if (path === directory || !isWithin(path, directory)) continue
    const start = directory === '' ? 0 : directory.length + 1
    const end = path.indexOf('/', start)
    const child = end < 0 ? path : path.slice(0, end)
    found.set(child, found.get(child) === true || child === path)
  }
  return [...found]
}

export function shownChildren(children: readonly Child[]): [path: string, isEntry: boolean][] {
  return children.map(({ path, entry }) => [path, entry !== null])
}
