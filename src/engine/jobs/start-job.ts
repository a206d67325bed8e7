import { BackupError, type ErrorCode, errorTable } from '../../model/errors.ts'
import type { JobRequest, JobTerms } from '../../model/jobs.ts'
import { printable } from '../../model/path.ts'
import type { Processes, StartedProcess } from '../platform/processes.ts'
import type { TypedPassphrase } from './typed-passphrase.ts'

export interface JobStarter {
  readonly processes: Processes
  /** The command that runs a job, with the repository and configuration this process works with. */
  readonly args: readonly string[]
  readonly workingDirectory: string
  readonly passphrase: TypedPassphrase
}

/**
 * Starts the process, hands it the request, and listens until its run exists. What goes over are lines of JSON:
 * the request; from the job `{"kind":"passphrase"}`, answered by a string, and last `{"kind":"started","run":…}` or
 * `{"kind":"error",…}`. A secret goes nowhere else.
 */
export async function startJob(
  request: JobRequest,
  { processes, args, workingDirectory, passphrase }: JobStarter,
  signal: AbortSignal,
  terms?: JobTerms,
): Promise<{ readonly run: string }> {
  if (signal.aborted) throw interrupted()
  let job: StartedProcess
  try {
    job =
      terms === undefined
        ? await processes.start(args, workingDirectory)
        : await processes.start([...args, `--run=${terms.run}`], workingDirectory, { descriptor: terms.lock })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new BackupError('E_PLATFORM', `the job's process cannot be started: ${why}`, 'nothing was begun', error)
  }
  let calledOff: (error: BackupError) => void = () => {}
  const callingOff = new Promise<never>((_, reject) => {
    calledOff = reject
  })
  callingOff.catch(() => {}) // it is waited for only while a person is asked
  const abort = (): void => {
    job.interrupt()
    calledOff(interrupted())
  }
  signal.addEventListener('abort', abort)
  const kill = (): void => job.kill()
  terms?.kill?.addEventListener('abort', kill)
  if (signal.aborted) abort() // while it was being started
  try {
    job.say(JSON.stringify(request))
    for await (const line of job.lines) {
      const said = parse(line)
      if (said.kind === 'started') return { run: said.run }
      if (said.kind === 'error') throw said.error
      if (said.kind === 'passphrase') {
        // A person may never answer; the job then must not wait for one who does not want it any more.
        job.say(JSON.stringify(await Promise.race([passphrase.ask(), callingOff])))
      }
    }
    if (signal.aborted) throw interrupted()
    const complaint = job.complaint().trim().split('\n').at(-1) ?? ''
    throw new BackupError(
      'E_INTERNAL',
      `the job's process ended before its run began${complaint === '' ? '' : `: ${printable(complaint)}`}`,
      'nothing was done; try it in a terminal: holdfast --help lists the commands',
    )
  } catch (error) {
    if (error instanceof BackupError && error.code === 'E_KEY_WRONG') passphrase.forget()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
    terms?.kill?.removeEventListener('abort', kill)
    job.letGo()
  }
}

type Said =
  | { readonly kind: 'passphrase' | 'other' }
  | { readonly kind: 'started'; readonly run: string }
  | { readonly kind: 'error'; readonly error: BackupError }

function parse(line: string): Said {
  let value: Record<string, unknown>
  try {
    value = Object(JSON.parse(line)) as Record<string, unknown> // every member is looked at below
  } catch {
    return { kind: 'other' }
  }
  const { kind, run, code, message, hint } = value
  if (kind === 'passphrase') return { kind }
  if (kind === 'started' && typeof run === 'string') return { kind, run }
  if (kind !== 'error') return { kind: 'other' }
  const known: ErrorCode = Object.hasOwn(errorTable, String(code)) ? (code as ErrorCode) : 'E_INTERNAL' // a row of the table
  return { kind, error: new BackupError(known, String(message), typeof hint === 'string' ? hint : '') }
}

function interrupted(): BackupError {
  return new BackupError('E_INTERRUPTED', 'the job was called off before it began', 'nothing was done')
}
