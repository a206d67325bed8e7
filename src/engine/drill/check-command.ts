import { setTimeout as wait } from 'node:timers/promises'
import type { CheckEnd } from '../../model/drill.ts'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, pathToText } from '../../model/path.ts'
import type { Clock } from '../../model/ports.ts'

/** The user's own proof of what was restored: `sh -c` in the scratch directory, in a process group of its own. */
export interface CheckRequest {
  readonly command: string
  readonly timeoutMs: number
  readonly directory: BytePath
  readonly backup: string
  /** Variables that hold a key, and are not handed on. */
  readonly secretVariables: readonly string[]
  readonly clock: Clock
  readonly signal: AbortSignal
}

const keptLines = 20
const keptCharacters = 8000
/** What ends may still be read for so long, where a process that left the group holds the pipe open. */
const lastWordsMs = 1000
/** Node waits no longer than that by one timer. */
const longestTimerMs = 2 ** 31 - 1

/**
 * Runs the check and ends its whole process group with it, whether it ended by itself or not.
 *
 * @throws E_INTERRUPTED where `signal` aborts; E_PLATFORM where there is no shell.
 */
export async function runCheck(request: CheckRequest): Promise<CheckEnd> {
  const { command, timeoutMs, directory, backup, secretVariables, clock, signal } = request
  const cwd = pathToText(directory)
  if (cwd === null)
    throw new BackupError(
      'E_UNSUPPORTED',
      `the path ${displayPath(directory)} is not UTF-8`,
      'name another directory with --scratch',
    )
  signal.throwIfAborted()
  const env: Record<string, string | undefined> = {
    ...process.env,
    HOLDFAST_DRILL_DIR: cwd,
    HOLDFAST_DRILL_BACKUP: backup,
  }
  // NOTIFY_SOCKET is the supervisor's word with a daemon, not with what one starts.
  for (const name of [...secretVariables, 'NOTIFY_SOCKET']) delete env[name]
  const { spawn } = await import('node:child_process')
  const begun = clock.elapsed()
  const child = spawn('sh', ['-c', command], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptCharacters)
    })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const endGroup = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // Nobody of it is left.
    }
  }
  let timedOut = false
  const timer = setTimeout(
    () => {
      timedOut = true
      endGroup()
    },
    Math.min(timeoutMs, longestTimerMs),
  )
  signal.addEventListener('abort', endGroup)
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => resolve(code))
    })
    if (signal.aborted) throw new BackupError('E_INTERRUPTED', 'the check was interrupted', 'run the drill again')
    endGroup() // what it left running in the background
    await Promise.race([closed, wait(lastWordsMs, undefined, { ref: false })])
    const durationMs = Math.round(clock.elapsed() - begun)
    return { ok: exitCode === 0 && !timedOut, exitCode, timedOut, output: lastLines(output), durationMs }
  } catch (error) {
    if (error instanceof BackupError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new BackupError('E_PLATFORM', `the check cannot be started: ${why}`, 'it is run with sh -c', error)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', endGroup)
    endGroup()
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

function lastLines(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.slice(-keptLines)
}
