import ignore from 'ignore'
import { type BytePath, pathToText } from '../../model/path.ts'

export type PathSelector = (path: BytePath, isDirectory: boolean) => boolean

export const selectEverything: PathSelector = () => true

/** The library remembers every path it was asked about; past this many it starts anew, so that memory stays flat. */
const rememberedPaths = 16_384

/**
 * Chooses entries by gitignore patterns that lie at the file system's root: a pattern with a slash is anchored there,
 * one without matches a name at any depth, and one that matches a directory takes all below it.
 * Names that are not UTF-8 are matched by their bytes as if these were Latin-1.
 */
export function selectPaths(patterns: readonly string[]): PathSelector {
  if (patterns.length === 0) return selectEverything
  const begin = () => ignore({ ignorecase: false }).add([...patterns])
  let rules = begin()
  let asked = 0
  return (path, isDirectory) => {
    if (++asked % rememberedPaths === 0) rules = begin()
    return rules.ignores(`${pathToText(path) ?? path}${isDirectory ? '/' : ''}`)
  }
}
