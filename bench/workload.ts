import type { Bench, Tree } from './bench.ts'
import type { Row } from './rows.ts'

/** One row of the plan: a source, what is done with it, and what the table shows. One file per workload in workloads/. */
export interface Workload {
  /** Also the word on the command line and in the results file's name. */
  readonly name: string
  readonly about: string
  readonly rows: readonly Row[]
  /** Measures; gives the tree it used. */
  run(bench: Bench): Promise<Tree>
}
