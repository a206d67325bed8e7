import { BackupError } from '../model/errors.ts'
import type { Files } from '../model/ports.ts'
import type { StatusReport } from '../model/status.ts'
import { lockHolder } from './platform/lock.ts'
import type { Repository } from './repository.ts'

/** Null where none runs. Where the lock cannot be looked at, no daemon could have it either. */
export function daemonOf(files: Files, repository: Repository): StatusReport['daemon'] {
  try {
    const held = lockHolder(files, repository.lock('daemon'))
    return held === null ? null : { pid: held.holder?.pid ?? null, since: held.holder?.since ?? null }
  } catch (error) {
    if (error instanceof BackupError) return null
    throw error
  }
}
