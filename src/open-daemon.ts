import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import type { DaemonOptions } from './commands/parts/dispatch.ts'
import { Daemon } from './engine/daemon/daemon.ts'
import { openDaemonLog } from './engine/daemon/daemon-log.ts'
import type { DaemonGround } from './engine/daemon/daemon-world.ts'
import { groundOf, scheduledRuns, waitingClock } from './engine/daemon/real-world.ts'
import { ensureRepository, missingKey } from './engine/init-story.ts'
import { rememberPassphrase } from './engine/jobs/typed-passphrase.ts'
import { acquireLock } from './engine/platform/lock.ts'
import { openSupervisor } from './engine/platform/supervisor.ts'
import { Session } from './engine/session.ts'
import { BackupError } from './model/errors.ts'
import { displayPath } from './model/path.ts'
import { engineParts, jobsOf } from './wire.ts'

/** Whoever asks whether a daemon runs has its lock for a moment. */
const lookedAtMs = 1000
/** Schedules.json and the clock are looked at so often. */
const lookMs = 5000

/**
 * The daemon, from a service manager's start to its stop.
 *
 * @throws E_BUSY where another one has the repository, E_KEY_MISSING, E_CONFIG; nothing runs then.
 */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  stayingSmall()
  const nobody = rememberPassphrase(null)
  const parts = engineParts(options, nobody)
  const session = new Session(parts)
  const { world, configured } = parts
  const { clock, files } = world
  // Nothing it will ever start could succeed: better told now than at two in the morning.
  if (configured.settings.encryption.enabled && session.foundKey() === null) throw missingKey(session)
  const repository = await ensureRepository(session)
  const since = new Date(clock.now()).toISOString()
  const lock = await acquireLock(files, repository.lock('daemon'), {
    waitMs: lookedAtMs,
    signal: new AbortController().signal,
    holder: { pid: world.pid, run: 'daemon', command: 'daemon', since },
    clock,
  })
  const supervisor = openSupervisor(process.env, world.pid)
  const log = openDaemonLog({ files, clock, settings: configured.settings.logging, stdout: process.stdout.fd })
  const ground = (of: typeof parts): DaemonGround => groundOf(new Session(of), repository)
  let first: DaemonGround | null = ground(parts)
  const daemon = await Daemon.open(
    {
      clock: waitingClock(clock),
      runs: scheduledRuns(session, repository, jobsOf(parts, options, nobody)),
      log,
      supervisor,
      async load() {
        const loaded = first
        first = null
        if (loaded !== null) return loaded
        const anew = engineParts(options, nobody)
        if (anew.configured.settings.root !== session.root)
          throw new BackupError(
            'E_CONFIG',
            `the configuration names another repository, ${displayPath(anew.configured.settings.root)}`,
            'stop the daemon and start it again to change to it',
          )
        return ground(anew)
      },
    },
    { lookMs, graceMs: options.graceMs },
  )
  const stop = (): void => daemon.stop()
  const reload = (): void => {
    log.reopen()
    daemon.reload()
  }
  process.on('SIGTERM', stop).on('SIGINT', stop).on('SIGHUP', reload)
  for (const notice of [...configured.notices, ...configured.warnings]) log.info('configuration', notice)
  log.info('starting', `the repository is ${displayPath(session.root)}`, { pid: world.pid, version: world.version })
  try {
    await daemon.run()
    return 0
  } finally {
    lock.release()
    log.close()
  }
}

/** It waits nearly always: what the compiler would gain is nothing, and what it and the heap would keep is for years. */
function stayingSmall(): void {
  for (const flag of ['--optimize-for-size', '--heap-growing-percent=20']) setFlagsFromString(flag)
}
