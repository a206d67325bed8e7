import type { MissingTool, Tool } from '../tool.ts'
import { findBorg } from './borg.ts'
import { findHoldfast } from './holdfast.ts'
import { findRestic } from './restic.ts'
import { findTarZstd } from './tar-zstd.ts'

/** Every tool the bench knows, in the order of the table's columns. */
export function findTools(holdfast: string): { tools: Tool[]; missing: MissingTool[] } {
  const found = [
    findHoldfast(holdfast, 'raw'),
    findHoldfast(holdfast, 'passphrase'),
    findRestic(),
    findBorg(),
    findTarZstd(),
  ]
  return {
    tools: found.filter((one) => 'prepare' in one),
    missing: found.filter((one) => 'install' in one),
  }
}
