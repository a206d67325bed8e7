import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'

/** What a worker removes after a drill: a subtree of what was restored. */
export interface RemovalJob {
  readonly kind: 'remove'
  readonly path: BytePath
}

export function removeSubtree(files: Files, { path }: RemovalJob): void {
  files.removeTree(path)
}
