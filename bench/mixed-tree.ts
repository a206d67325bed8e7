import { resolve } from 'node:path'
import type { Bench } from './bench.ts'
import { copyOnce } from './trees.ts'

/** The source of workload 1: the directories every machine has, or the tree that `--tree` names. */
export function mixedTree(bench: Bench, workload: string): { readonly path: string; readonly what: string } {
  const [given = null, ...more] = bench.options.trees
  if (more.length > 0) throw new Error(`the workload ${workload} takes one --tree`)
  if (given !== null) return { path: resolve(given), what: 'a tree of the user’s choice' }
  const path = bench.path('trees', 'mixed')
  bench.options.tell('copying /usr/share and /usr/include')
  if (copyOnce(['/usr/share', '/usr/include'], path)) bench.changed()
  return { path, what: 'a copy of /usr/share and /usr/include' }
}
