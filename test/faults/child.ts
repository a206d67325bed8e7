import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { getEnvironmentData } from 'node:worker_threads'
import type { During } from '../../src/model/during.ts'
import type { Engine } from '../../src/model/engine.ts'
import { BackupError } from '../../src/model/errors.ts'
import { engineAt, plainly } from '../engine-kit.ts'
import { createFiles, type FaultKind } from './faulty-files.ts'

/**
 * A process that does deeds of the engine on a disk that fails, one for every line of stdin, and answers each with a
 * line of stdout. It is wired as the command line is, but for the disk, in worker threads too. A lock or a descriptor
 * that a failed deed left behind shows here as it would in a daemon.
 */
export interface Deed {
  readonly deed: 'create' | 'init' | 'rebuild' | 'list' | 'restore' | 'cleanup' | 'verify'
  readonly root: string
  readonly home: string
  readonly source?: string
  /** Of a create; absent: full. */
  readonly type?: 'full' | 'incremental'
  /** How many backups a cleanup keeps. */
  readonly keep?: number
  /** Of a restore; absent: in place, and what the backup does not have is deleted. */
  readonly target?: string
  /** Number of the file-system call that fails, from 1; 0 for none. */
  readonly at: number
  readonly kind: FaultKind
  readonly lasting?: boolean
  /** Names of the calls that count, separated by commas; absent: all. */
  readonly calls?: string
}

export interface Outcome {
  readonly exitCode: number
  /** Of the error; null where there was none. */
  readonly code: string | null
  readonly message: string
  readonly warnings: readonly string[]
  /** File-system calls the deed made. */
  readonly calls: number
  /** Descriptors it left open. */
  readonly leaked: number
  readonly backups: readonly string[]
}

const checkout = process.env['HOLDFAST_FAULTS_CHECKOUT'] as string
const filesModule = process.env['HOLDFAST_FAULTS_MODULE'] as string
const patienceMs = 10_000

function engineFor({ root, home }: Deed): Engine {
  const key = process.env['BACKUP_ENCRYPTION_KEY'] as string
  return engineAt({ root, home, key, files: createFiles(), filesModule, patienceMs, checkout })
}

async function perform(request: Deed): Promise<Outcome> {
  process.env['HOLDFAST_FAULT_AT'] = String(request.at)
  process.env['HOLDFAST_FAULT_KIND'] = request.kind
  process.env['HOLDFAST_FAULT_LASTING'] = request.lasting === true ? '1' : '0'
  if (request.calls === undefined) delete process.env['HOLDFAST_FAULT_CALLS']
  else process.env['HOLDFAST_FAULT_CALLS'] = request.calls
  createFiles()
  const counter = new Int32Array(getEnvironmentData('holdfast-fault-counter') as unknown as SharedArrayBuffer)
  Atomics.store(counter, 0, 0)
  const warnings: string[] = []
  const during: During = {
    signal: AbortSignal.timeout(patienceMs),
    listen(event) {
      if (event.kind === 'warning') warnings.push(event.message)
    },
  }
  const before = descriptors()
  let backups: readonly string[] = []
  let exitCode = 0
  let failed: unknown = null
  try {
    const engine = engineFor(request)
    switch (request.deed) {
      case 'create': {
        const options = plainly({ type: request.type ?? 'full', paths: [request.source as string] })
        const made = await engine.create(options, during)
        exitCode = made.exitCode
        backups = [made.backup.id]
        break
      }
      case 'init':
        await engine.init({ passphrase: null })
        break
      case 'cleanup': {
        const counts = { keep: request.keep ?? 1 }
        const order = { rules: { kind: 'by-hand', counts, graceHours: 0 }, only: null } as const
        const cleaned = await engine.cleanup(order, during)
        exitCode = cleaned.exitCode
        backups = cleaned.deleted
        break
      }
      case 'verify': {
        const verified = await engine.verify({ backups: null, level: 'full', workers: 1 }, during)
        exitCode = verified.exitCode
        break
      }
      case 'rebuild':
        exitCode = (await engine.rebuild(during)).exitCode
        break
      case 'list': {
        const { backups: listed, problems } = await engine.list({ type: null, services: [], days: null })
        backups = listed.map(({ id }) => id)
        warnings.push(...problems)
        break
      }
      case 'restore': {
        const plan = await engine.planRestore(
          {
            source: { kind: 'backup', backup: 'latest', services: [], paths: [] },
            target: request.target === undefined ? { kind: 'in-place' } : { kind: 'directory', path: request.target },
            conflict: 'overwrite',
            deleteExtra: request.target === undefined,
            workers: 1,
          },
          during,
        )
        try {
          exitCode = (await plan.apply(during)).exitCode
        } finally {
          await plan.drop()
        }
      }
    }
  } catch (error) {
    failed = error
  }
  const calls = Atomics.load(counter, 0)
  const known = failed instanceof BackupError ? failed : null
  return {
    exitCode: failed === null ? exitCode : (known?.exitCode ?? 1),
    code: failed === null ? null : (known?.code ?? 'not a BackupError'),
    message: failed === null ? '' : failed instanceof Error ? failed.message : String(failed),
    warnings,
    calls,
    leaked: descriptors() - before,
    backups,
  }
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

for await (const line of createInterface({ input: process.stdin })) {
  const outcome = await perform(JSON.parse(line) as Deed) // written by engine-process.ts
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}
