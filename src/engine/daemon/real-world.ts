import { setTimeout as wait } from 'node:timers/promises'
import { BackupError } from '../../model/errors.ts'
import type { Jobs } from '../../model/jobs.ts'
import type { Clock } from '../../model/ports.ts'
import { acquireLock } from '../platform/lock.ts'
import type { Repository } from '../repository.ts'
import { newId } from '../run.ts'
import { runWord } from '../run-log.ts'
import { scheduleLock } from '../schedule-run.ts'
import { configuredListing, scheduledWithCleanup } from '../schedules.ts'
import type { Session } from '../session.ts'
import { currentAlerts } from '../status.ts'
import type { DaemonGround, ScheduledRuns, WaitingClock } from './daemon-world.ts'

/** The daemon's world as it is: the repository on disk, jobs that are processes, the machine's clock. */

export function waitingClock(clock: Clock): WaitingClock {
  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    async sleep(ms, signal) {
      await wait(ms, undefined, { signal }).catch(() => {})
    },
  }
}

export function groundOf(session: Session, repository: Repository): DaemonGround {
  const { files } = session.world
  return {
    schedules: () => scheduledWithCleanup(session),
    configured: configuredListing(session),
    stamp() {
      const found = files.status(repository.schedules)
      return found === undefined ? '' : `${found.inode} ${found.sizeBytes} ${found.mtimeNs}`
    },
    notes: session.parts.schedulesOf(repository),
    services: session.parts.configured.services.map(({ name }) => name),
    alerts: () => currentAlerts(session),
  }
}

export function scheduledRuns(session: Session, repository: Repository, jobs: Jobs): ScheduledRuns {
  const { world } = session
  const holder = { pid: world.pid, run: 'daemon', command: 'daemon', since: new Date(world.clock.now()).toISOString() }
  const never = new AbortController().signal
  return {
    async hold(schedule) {
      try {
        const lock = await acquireLock(world.files, scheduleLock(repository, schedule), {
          waitMs: 0,
          signal: never,
          holder,
          clock: world.clock,
        })
        return { lock: lock.descriptor, release: () => lock.release() }
      } catch (error) {
        if (error instanceof BackupError && error.code === 'E_BUSY') return null
        throw error
      }
    },
    newId: ({ kind }) => newId(world, runWord(kind)),
    async start(request, run, { lock }, off, kill) {
      await jobs.start(request, off, { run, lock, kill })
    },
    async follow(run) {
      await jobs.follow(run, () => {}, never)
    },
    read: (run) => jobs.read(run, () => {}),
    cancel: (run) => jobs.cancel(run),
    kill: (run) => jobs.kill(run),
  }
}
