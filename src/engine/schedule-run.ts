import type { CreateOptions } from '../model/create.ts'
import type { BytePath } from '../model/path.ts'
import type { Schedule } from '../model/schedule.ts'
import type { Repository } from './repository.ts'

/** What a schedule's run is: its lock, and the create that it stands for. */

/** Held from before a run is noted until its process is gone: nobody runs the same schedule twice at once. */
export function scheduleLock(repository: Repository, id: string): BytePath {
  return repository.lock(`schedule-${id}`)
}

export function createOptionsOf({ id, name, type, services, compression }: Schedule, at: number): CreateOptions {
  return {
    type,
    paths: [],
    services,
    description: `schedule ${name}`,
    compression: compression ?? null,
    exclude: [],
    excludeCaches: false,
    oneFileSystem: false,
    withoutVolumes: false,
    paranoid: false,
    acceptEmpty: false,
    estimate: false,
    schedule: { id, at: new Date(at).toISOString() },
  }
}
