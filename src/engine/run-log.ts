import type { RunEvent } from '../model/event.ts'
import { type BytePath, joinPath } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { explainIo } from './platform/explain-io.ts'
import { readFully } from './platform/read-fully.ts'
import type { Repository } from './repository.ts'

/** What a run's log says of it. */
export interface LoggedRun {
  readonly id: string
  readonly command: string
  /** `running` while its process lives, `died` where it ended without a word. */
  readonly outcome: string
  /** When it ended, else when it began. ISO 8601 UTC. */
  readonly at: string
  readonly durationMs: number | null
  readonly report: unknown
}

const tailBytes = 64 * 1024
const runName = /^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-([a-z]+)-[a-z0-9]+)\.ndjson$/

/** Lazily, so that who wants the last thirty reads thirty. @throws E_IO. */
export function* runsNewestFirst(files: Files, repository: Repository): Generator<LoggedRun> {
  const names = namesIn(files, repository.runs)
    .filter((name) => runName.test(name))
    .sort()
    .reverse()
  for (const name of names) {
    const run = readRun(files, joinPath(repository.runs, name), name)
    if (run !== null) yield run
  }
}

function namesIn(files: Files, directory: BytePath): BytePath[] {
  try {
    return files.names(directory)
  } catch (error) {
    throw explainIo(error, 'list', directory)
  }
}

function readRun(files: Files, path: BytePath, name: string): LoggedRun | null {
  const [, id, command] = runName.exec(name) as unknown as [string, string, string] // the name was matched before
  let fd: number
  try {
    fd = files.open(path, 'read')
  } catch {
    return null
  }
  try {
    const { sizeBytes } = files.statusOf(fd)
    const bytes = Buffer.alloc(Math.min(sizeBytes, tailBytes))
    const text = bytes.toString('utf8', 0, readFully(files, fd, bytes, Math.max(0, sizeBytes - bytes.length)))
    const last = parseEvent(text.trimEnd().split('\n').at(-1) ?? '')
    if (last?.kind === 'finished')
      return { id, command, outcome: last.outcome, at: last.at, durationMs: last.durationMs, report: last.report }
    const at = last?.at ?? `${id.slice(0, 10)}T${id.slice(11, 19).replaceAll('-', ':')}.000Z`
    return { id, command, outcome: isAlive(files, fd) ? 'running' : 'died', at, durationMs: null, report: undefined }
  } catch (error) {
    throw explainIo(error, 'read', path)
  } finally {
    try {
      files.close(fd)
    } catch {
      // It was only read: nothing is lost.
    }
  }
}

/** A run holds the kernel's lock on its own log. */
function isAlive(files: Files, fd: number): boolean {
  try {
    return !files.tryLock(fd)
  } catch {
    return false
  }
}

function parseEvent(line: string): RunEvent | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'kind' in value && 'at' in value ? (value as RunEvent) : null
  } catch {
    return null
  }
}
