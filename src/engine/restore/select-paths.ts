import ignore from 'ignore'
import { type BytePath, isWithin, pathToText } from '../../model/path.ts'

/** What is asked for of a backup. */
export interface AskedPaths {
  readonly patterns: readonly string[]
  /** One path and all below it; null where the patterns say what. */
  readonly below: BytePath | null
  /** Patterns of files that are written last. */
  readonly last: readonly string[]
}

export type PathSelector = (path: BytePath, isDirectory: boolean) => boolean

export const selectEverything: PathSelector = () => true

/** The library remembers every path it was asked about; past this many it starts anew, so that memory stays flat. */
const rememberedPaths = 16_384

/**
 * Chooses entries by gitignore patterns that lie at the file system's root: a pattern with a slash is anchored there,
 * one without matches a name at any depth, and one that matches a directory takes all below it.
 * A pattern also takes the path that is spelled just so: whoever copies `/srv/a[1].txt` from a listing means that file.
 * `/` is everything.
 * Names that are not UTF-8 are matched by their bytes as if these were Latin-1.
 */
export function selectPaths(patterns: readonly string[]): PathSelector {
  if (patterns.length === 0) return selectEverything
  const begin = () => ignore({ ignorecase: false }).add(patterns.flatMap(withItself))
  let rules = begin()
  let asked = 0
  return (path, isDirectory) => {
    if (++asked % rememberedPaths === 0) rules = begin()
    return rules.ignores(`${pathToText(path) ?? path}${isDirectory ? '/' : ''}`)
  }
}

/** A stored path and all below it: none of its characters is special. */
export function selectBelow(top: BytePath): PathSelector {
  return (path) => isWithin(path, top)
}

export function selectAsked({ patterns, below }: AskedPaths): PathSelector {
  return below === null ? selectPaths(patterns) : selectBelow(below)
}

/** Files that are written last; null where none is. */
export function selectLast({ last }: AskedPaths): PathSelector | null {
  return last.length === 0 ? null : selectPaths(last)
}

/** Remembers whether it chose anything: paths that match nothing are not paths of which nothing is restored. */
export function watched(select: PathSelector): { readonly select: PathSelector; hit(): boolean } {
  let hit = false
  return {
    select(path, isDirectory) {
      const wanted = select(path, isDirectory)
      hit ||= wanted
      return wanted
    },
    hit: () => hit,
  }
}

/** The pattern, and behind it the same text without any special meaning. */
function withItself(pattern: string): string[] {
  if (pattern === '/') return ['/*']
  if (pattern.startsWith('!') || !special.test(pattern)) return [pattern]
  const literal = pattern.replace(/[\\*?[\]]/g, '\\$&').replace(/ +$/, (blanks) => blanks.replaceAll(' ', '\\ '))
  return [pattern, literal]
}

const special = /[\\*?[\]]| $/
