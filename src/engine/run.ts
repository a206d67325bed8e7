import { BackupError } from '../model/errors.ts'
import type { Narrator, RunEvent, RunEventBody, RunKind, RunOutcome } from '../model/event.ts'
import type { BytePath } from '../model/path.ts'
import { explainIfIo, explainIo } from './platform/explain-io.ts'
import { letGo } from './platform/let-go.ts'
import type { LockHolder } from './platform/lock.ts'
import type { Repository, World } from './repository.ts'
import { runLogPath, runWord } from './run-log.ts'

/** What a story has to work with while it runs. */
export interface Run {
  readonly id: string
  readonly signal: AbortSignal
  readonly startedMs: number
  readonly tell: Narrator
  /** Signs locks. */
  readonly holder: LockHolder
}

/** What a story ends with: its result for the caller, its report for the log. */
export interface Ending<Result> {
  readonly result: Result
  readonly report?: unknown
  /** Something asked for is missing, refused or torn. */
  readonly warnings: boolean
  /** Set where the run ended with another code than its outcome alone would say, such as damage found. */
  readonly exitCode?: number
}

export interface RunOptions {
  readonly kind: RunKind
  /** One line on what the run is about, without secrets. */
  readonly about: string
  readonly signal: AbortSignal
  /** Its id, where whoever asked for the run gave one. */
  readonly run?: string
  listen(event: RunEvent): void
}

export interface Finished<Result> {
  readonly run: string
  readonly result: Result
  readonly exitCode: number
  readonly durationMs: number
}

const logProgressMs = 1000
const lineFeed = Uint8Array.of(10)
/** Some hundredths of a second. */
const lockTries = 50_000

/**
 * Carries a run from `started` to `finished`, writing every event to runs/<id>.ndjson. The only place that turns an
 * error into an outcome; the error itself is thrown on.
 */
export async function carryOut<Result>(
  world: World,
  repository: Repository,
  options: RunOptions,
  story: (run: Run) => Promise<Ending<Result>>,
): Promise<Finished<Result>> {
  const startedMs = world.clock.now()
  const begun = world.clock.elapsed()
  const id = options.run ?? newId(world, runWord(options.kind))
  const log = openLog(world, runLogPath(repository, id))
  let progressLogged = Number.NEGATIVE_INFINITY
  const tell = (body: RunEventBody): void => {
    const event: RunEvent = { run: id, at: new Date(world.clock.now()).toISOString(), ...body }
    const progress = body.kind === 'progress'
    if (!progress || world.clock.elapsed() - progressLogged >= logProgressMs) {
      if (progress) progressLogged = world.clock.elapsed()
      log.append(event)
    }
    options.listen(event)
  }
  const finish = (
    outcome: RunOutcome,
    exitCode: number,
    more: { report?: unknown; error?: { code: string; message: string; hint?: string } },
  ): number => {
    const durationMs = Math.round(world.clock.elapsed() - begun)
    tell({ kind: 'finished', outcome, exitCode, durationMs, ...more })
    return durationMs
  }
  const holder = { pid: world.pid, run: id, command: options.kind, since: new Date(startedMs).toISOString() }
  try {
    tell({ kind: 'started', command: options.kind, pid: world.pid, host: world.host, about: options.about })
    const ending = await story({ id, signal: options.signal, startedMs, tell, holder })
    const exitCode = ending.exitCode ?? (ending.warnings ? 3 : 0)
    const outcome: RunOutcome = exitCode === 0 ? 'done' : exitCode === 3 ? 'warnings' : 'failed'
    const durationMs = finish(outcome, exitCode, ending.report === undefined ? {} : { report: ending.report })
    return { run: id, result: ending.result, exitCode, durationMs }
  } catch (cause) {
    const explained = explainIfIo(cause, `carry out the ${options.kind} in`, repository.root)
    const error = outcomeError(explained, options.signal)
    finish(error.code === 'E_INTERRUPTED' ? 'interrupted' : 'failed', error.exitCode, {
      error: { code: error.code, message: error.message, ...(error.hint === '' ? {} : { hint: error.hint }) },
    })
    throw error
  } finally {
    log.close()
  }
}

/** An abort surfaces as whatever call it hit; it is an interruption all the same. */
export function outcomeError(cause: unknown, signal: AbortSignal): BackupError {
  if (
    signal.aborted &&
    !(cause instanceof BackupError && cause.code !== 'E_INTERRUPTED' && cause.code !== 'E_INTERNAL')
  ) {
    return new BackupError('E_INTERRUPTED', 'interrupted; nothing half-done was left', '', cause)
  }
  if (cause instanceof BackupError) return cause
  return new BackupError(
    'E_INTERNAL',
    `an unexpected error: ${cause instanceof Error ? cause.message : String(cause)}`,
    'please report it',
    cause,
  )
}

const alphabet = '23456789abcdefghjkmnpqrstuvwxyz'

/** `2026-11-20T02-00-00Z-<kind>-<random>`: sorts by time, readable, unique. */
export function newId(world: World, kind: string): string {
  const stamp = new Date(world.clock.now()).toISOString().slice(0, 19).replaceAll(':', '-')
  const letters = Array.from(world.random.bytes(4), (byte) => alphabet[byte % alphabet.length])
  return `${stamp}Z-${kind}-${letters.join('')}`
}

/**
 * A log that cannot be written must not stop the run it tells of; the run's own result says what happened. A job's
 * result is its log: without one it would do its work, and nobody would ever hear of it.
 */
function openLog(world: World, path: BytePath): { append(event: RunEvent): void; close(): void } {
  let fd: number | null = null
  try {
    fd = world.files.open(path, 'append')
    // What stands there may end in the middle of a line.
    if (world.files.statusOf(fd).sizeBytes > 0) world.files.write(fd, lineFeed, null)
  } catch (error) {
    if (fd !== null) letGo(world.files, fd)
    if (world.mustLog) {
      const { code, message } = explainIo(error, 'write the log of the run', path)
      const hint = 'nothing was begun; holdfast restore and holdfast verify, in a terminal, need no log'
      throw new BackupError(code, message, hint, error)
    }
    return { append: () => {}, close: () => {} }
  }
  const open = fd
  try {
    // Held for the run's life: a log without its lock and without an end is a run that died. Who looks whether it is
    // free has it for a moment.
    for (let tries = 0; tries < lockTries && !world.files.tryLock(open); tries++) {}
  } catch {
    // Without kernel locks a dead run only looks unfinished.
  }
  return {
    append(event) {
      try {
        world.files.write(open, Buffer.from(`${JSON.stringify(event)}\n`), null)
      } catch {
        // A full disk: the run itself will say so.
      }
    },
    close() {
      letGo(world.files, open)
    },
  }
}
