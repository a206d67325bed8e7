import type { Operation } from '../operation.ts'
import { cleanup } from './cleanup.ts'
import { consolidate } from './consolidate.ts'
import { create } from './create.ts'
import { createIncremental } from './create-incremental.ts'
import { init } from './init.ts'
import { look } from './look.ts'
import { rebuild } from './rebuild.ts'
import { restoreResumeUndo, restoreThenUndo, undo } from './restore-in-place.ts'
import { restoreToDirectory } from './restore-to-directory.ts'
import { large, small } from './sizes.ts'
import { verify } from './verify.ts'

/** In the order of the table in docs/reliability.md. */
export const operations: readonly Operation[] = [
  init,
  create,
  createIncremental,
  restoreToDirectory(small),
  restoreResumeUndo(small),
  restoreThenUndo(small),
  undo(small),
  restoreToDirectory(large),
  restoreResumeUndo(large),
  restoreThenUndo(large),
  undo(large),
  cleanup,
  consolidate,
  rebuild,
  verify,
  look,
]
