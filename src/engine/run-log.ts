import { BackupError } from '../model/errors.ts'
import { type Progress, type RunEvent, type RunKind, runKinds } from '../model/event.ts'
import type { RunSummary } from '../model/jobs.ts'
import { type BytePath, joinPath, printable } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { meaningOfDeath } from './plan/died-run.ts'
import { explainIo } from './platform/explain-io.ts'
import { letGo } from './platform/let-go.ts'
import { readFully } from './platform/read-fully.ts'
import type { Repository } from './repository.ts'

/** The logs of runs: which there are, and what one says in short. */

const headBytes = 4096
const tailBytes = 64 * 1024
const idPattern = /^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)-([a-z]+)-[a-z0-9]+$/
const suffix = '.ndjson'

/** A kind as a run's id has it. */
export function runWord(kind: RunKind): string {
  return kind === 'keys-add' ? 'keys' : kind
}

const kindOfWord = new Map<string, RunKind>(runKinds.map((kind) => [runWord(kind), kind]))

export function runLogPath(repository: Repository, id: string): BytePath {
  return joinPath(repository.runs, `${id}${suffix}` as BytePath)
}

export interface WhichRuns {
  /** Only runs older than this one; null is all. */
  readonly before: string | null
  /** Null is every kind. */
  readonly kinds: readonly RunKind[] | null
}

/** Ids, newest first, from the names alone. @throws E_IO. */
export function runIds(files: Files, repository: Repository, { before, kinds }: WhichRuns): string[] {
  let names: BytePath[]
  try {
    names = files.names(repository.runs)
  } catch (error) {
    throw explainIo(error, 'list', repository.runs)
  }
  const ids: string[] = []
  for (const name of names) {
    const id = name.endsWith(suffix) ? name.slice(0, -suffix.length) : ''
    const kind = kindOf(id)
    if (kind !== null && (kinds === null || kinds.includes(kind)) && (before === null || id < before)) ids.push(id)
  }
  return ids.sort().reverse()
}

/** Lazily, so that who wants the last thirty reads thirty. @throws E_IO. */
export function* runsNewestFirst(
  files: Files,
  repository: Repository,
  which: WhichRuns = { before: null, kinds: null },
): Generator<RunSummary> {
  for (const id of runIds(files, repository, which)) {
    const run = readRunIfAny(files, repository, id)
    if (run !== null) yield run
  }
}

/** @throws E_UNKNOWN_ID where there is no log of that name; E_IO. */
export function readRun(files: Files, repository: Repository, id: string): RunSummary {
  const run = readRunIfAny(files, repository, id)
  if (run === null) throw noSuchRun(id)
  return run
}

export function noSuchRun(id: string): BackupError {
  return new BackupError(
    'E_UNKNOWN_ID',
    `there is no log of a run '${printable(id)}'`,
    'runs/ in the repository has all',
  )
}

/** Opens a run's log for reading; null where there is none. @throws E_IO. */
export function openRunLog(files: Files, repository: Repository, id: string): number | null {
  if (kindOf(id) === null) return null
  const path = runLogPath(repository, id)
  try {
    return files.status(path) === undefined ? null : files.open(path, 'read')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw explainIo(error, 'open', path)
  }
}

/** A run holds the kernel's lock on its own log. Where it is free, the descriptor has it from here on. */
export function isAlive(files: Files, fd: number): boolean {
  try {
    return !files.tryLock(fd)
  } catch {
    return false
  }
}

/** An event as a line of a log has it; null where the line is no event. */
export function parseEvent(line: string): RunEvent | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'kind' in value && 'at' in value ? (value as RunEvent) : null // as carryOut wrote it
  } catch {
    return null
  }
}

function kindOf(id: string): RunKind | null {
  return kindOfWord.get(idPattern.exec(id)?.[2] ?? '') ?? null
}

function readRunIfAny(files: Files, repository: Repository, id: string): RunSummary | null {
  const fd = openRunLog(files, repository, id)
  if (fd === null) return null
  try {
    return readRunFrom(files, fd, id)
  } catch (error) {
    throw explainIo(error, 'read', runLogPath(repository, id))
  } finally {
    try {
      letGo(files, fd)
    } catch {
      // It was only read: nothing is lost.
    }
  }
}

/** The same through a descriptor of its log, which has the lock of a run that died from here on. */
export function readRunFrom(files: Files, fd: number, id: string): RunSummary {
  const kind = kindOf(id) as RunKind // only logs with a kind are opened
  let log = ends(files, fd)
  let alive = false
  if (log.finished === null) {
    alive = isAlive(files, fd)
    if (!alive) log = ends(files, fd) // it may have ended in between; now nobody writes any more
  }
  const { first, last, finished } = log
  const newest = <Kind extends RunEvent['kind']>(wanted: Kind): Extract<RunEvent, { kind: Kind }> | null => {
    const line = last.findLast((one) => one.includes(`"kind":"${wanted}"`))
    const event = line === undefined ? null : parseEvent(line)
    return event?.kind === wanted ? (event as Extract<RunEvent, { kind: Kind }>) : null // looked at just now
  }
  const started = parseEvent(first)
  const committed = newest('committed')?.backup ?? null
  const state = finished?.outcome ?? (alive ? 'running' : 'died')
  const startedAt = started?.at ?? timeOf(id)
  const lastSign = finished?.at ?? parseEvent(last.at(-1) ?? '')?.at ?? startedAt
  return {
    id,
    kind,
    state,
    startedAt,
    endedAt: state === 'running' ? null : lastSign,
    durationMs: finished?.durationMs ?? null,
    exitCode: finished?.exitCode ?? null,
    ...(started?.kind === 'started'
      ? { about: started.about, host: started.host, pid: started.pid }
      : { about: '', host: '', pid: null }),
    phase: finished === null ? phaseText(newest('phase')) : null,
    progress: finished === null ? progressOf(newest('progress')) : null,
    committed,
    report: finished?.report ?? null,
    error: finished?.error === undefined ? null : { hint: '', ...finished.error },
    meaning: state === 'died' ? meaningOfDeath(kind, committed) : null,
  }
}

function progressOf(event: Progress | null): Progress | null {
  if (event === null) return null
  const { doneBytes, totalBytes, doneEntries, totalEntries } = event
  return { doneBytes, totalBytes, doneEntries, totalEntries }
}

function phaseText(event: { readonly phase: string; readonly service?: string } | null): string | null {
  if (event === null) return null
  return event.service === undefined ? event.phase : `${event.phase} ${event.service}`
}

/** `2026-11-20T02-00-00Z-…` */
function timeOf(id: string): string {
  return `${id.slice(0, 10)}T${id.slice(11, 19).replaceAll('-', ':')}.000Z`
}

interface LogEnds {
  readonly first: string
  /** Whole lines only: one that is being written has no end yet. */
  readonly last: readonly string[]
  readonly finished: (RunEvent & { readonly kind: 'finished' }) | null
}

function ends(files: Files, fd: number): LogEnds {
  const { sizeBytes } = files.statusOf(fd)
  for (let length = tailBytes; ; length *= 4) {
    const start = Math.max(0, sizeBytes - length)
    const lines = textAt(files, fd, start, sizeBytes - start)
      .split('\n')
      .slice(0, -1)
    const last = start === 0 ? lines : lines.slice(1)
    if (last.length === 0 && start > 0) continue // one line fills it all
    const first = start === 0 ? lines[0] : textAt(files, fd, 0, headBytes).split('\n')[0]
    const event = parseEvent(last.at(-1) ?? '')
    return { first: first ?? '', last, finished: event?.kind === 'finished' ? event : null }
  }
}

function textAt(files: Files, fd: number, position: number, length: number): string {
  const bytes = Buffer.alloc(length)
  return bytes.toString('utf8', 0, readFully(files, fd, bytes, position))
}
