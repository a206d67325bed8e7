import ignore from 'ignore'
import type { FixedBlocks } from '../../model/fixed-blocks.ts'
import { type BytePath, pathToText } from '../../model/path.ts'
import type { Chunker } from './chunking.ts'

/** How a file is cut is told by its path, never guessed from its bytes: a guess would change from day to day. */
export function chunkerRule({ patterns, blockBytes }: FixedBlocks): (path: BytePath) => Chunker {
  const rules = ignore({ ignorecase: false }).add([...patterns])
  const fixed: Chunker = { kind: 'fixed', blockBytes }
  return (path) => (rules.ignores(pathToText(path) ?? path) ? fixed : content)
}

const content: Chunker = { kind: 'content' }
