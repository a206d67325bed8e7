import type { Workload } from '../workload.ts'
import { list } from './list.ts'
import { mixed } from './mixed.ts'
import { oneFile } from './one-file.ts'

/** Every workload, in the order they run. */
export const workloads: readonly Workload[] = [mixed, list, oneFile]
