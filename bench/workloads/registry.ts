import type { Workload } from '../workload.ts'
import { consoleScreens } from './console.ts'
import { drill } from './drill.ts'
import { large } from './large.ts'
import { list } from './list.ts'
import { many } from './many.ts'
import { mixed } from './mixed.ts'
import { oneFile } from './one-file.ts'
import { resume } from './resume.ts'
import { unattended } from './unattended.ts'
import { versions } from './versions.ts'

/** Every workload, in the order they run. */
export const workloads: readonly Workload[] = [
  mixed,
  drill,
  resume,
  versions,
  large,
  many,
  list,
  consoleScreens,
  unattended,
  oneFile,
]
