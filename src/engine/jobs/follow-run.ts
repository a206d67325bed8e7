import { setImmediate as pause, setTimeout as wait } from 'node:timers/promises'
import type { RunEvent } from '../../model/event.ts'
import type { RunSummary } from '../../model/jobs.ts'
import type { Files } from '../../model/ports.ts'
import { explainIo } from '../platform/explain-io.ts'
import { letGo } from '../platform/let-go.ts'
import type { Repository } from '../repository.ts'
import { isAlive, noSuchRun, openRunLog, parseEvent, readRunFrom, runLogPath } from '../run-log.ts'

const pollMs = 250
const chunkBytes = 64 * 1024

/** Tells every event of a run's log, and then each that comes, until the run has ended; null where `signal` ended it. */
export async function followRun(
  files: Files,
  repository: Repository,
  id: string,
  listen: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<RunSummary | null> {
  let lives = true
  return withLog(files, repository, id, async (log, fd) => {
    for (;;) {
      await tellAll(log, listen, signal)
      if (signal.aborted) return null
      if (log.finished || !lives) return readRunFrom(files, fd, id)
      lives = isAlive(files, fd)
      // Of a run that has just died, what it wrote last is told before that. Its lock is this descriptor's then, so that
      // who else looks at the log now takes the run for living a moment longer, but this one does not.
      if (lives) await wait(pollMs, undefined, { signal }).catch(() => {})
    }
  })
}

/** Tells the events a log has now. */
export async function readLog(
  files: Files,
  repository: Repository,
  id: string,
  listen: (event: RunEvent) => void,
): Promise<RunSummary> {
  return withLog(files, repository, id, async (log, fd) => {
    await tellAll(log, listen, new AbortController().signal)
    return readRunFrom(files, fd, id)
  })
}

async function withLog<Result>(
  files: Files,
  repository: Repository,
  id: string,
  act: (log: LogReader, fd: number) => Promise<Result>,
): Promise<Result> {
  const fd = openRunLog(files, repository, id)
  if (fd === null) throw noSuchRun(id)
  try {
    return await act(new LogReader(files, fd), fd)
  } catch (error) {
    throw isIo(error) ? explainIo(error, 'read', runLogPath(repository, id)) : error
  } finally {
    letGo(files, fd)
  }
}

/** What the listener throws is its own affair. */
function isIo(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** A long log must not hold up whoever else works in this process. */
async function tellAll(log: LogReader, listen: (event: RunEvent) => void, signal: AbortSignal): Promise<void> {
  for (let events = log.next(); events !== null && !signal.aborted; events = log.next()) {
    for (const event of events) listen(event)
    await pause()
  }
}

/** Reads whole lines: one that is half written waits until it is whole. */
class LogReader {
  readonly #files: Files
  readonly #fd: number
  #rest: Buffer = Buffer.alloc(0)
  finished = false

  constructor(files: Files, fd: number) {
    this.#files = files
    this.#fd = fd
  }

  /** The events of the next piece of the log, perhaps none; null where there is no more at present. */
  next(): RunEvent[] | null {
    const piece = Buffer.allocUnsafe(chunkBytes)
    const count = this.#files.read(this.#fd, piece, 0, piece.length, null)
    if (count === 0) return null
    const bytes = Buffer.concat([this.#rest, piece.subarray(0, count)])
    const end = bytes.lastIndexOf(0x0a) + 1
    this.#rest = bytes.subarray(end)
    const lines = bytes.toString('utf8', 0, end).split('\n')
    const events = lines.map(parseEvent).filter((event) => event !== null)
    // A restore that is gone on with begins anew in the same log.
    for (const { kind } of events) this.finished = kind === 'finished' || (this.finished && kind !== 'started')
    return events
  }
}
