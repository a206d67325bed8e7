import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { getEnvironmentData } from 'node:worker_threads'
import type { During } from '../../src/model/during.ts'
import type { Engine } from '../../src/model/engine.ts'
import { BackupError } from '../../src/model/errors.ts'
import { engineAt } from '../engine-kit.ts'
import { createFiles, type FaultKind } from './faulty-files.ts'
import type { Done, Outcome, Place } from './operation.ts'
import { operations } from './operations/registry.ts'

/**
 * A process that does deeds of the engine on a disk that fails, one for every line of stdin, and answers each with a
 * line of stdout. It is wired as the command line is, but for the disk, in worker threads too. A lock or a descriptor
 * that a failed deed left behind shows here as it would in a daemon.
 */
export interface Deed {
  /** Of the registry. */
  readonly operation: string
  readonly step: 'prepare' | 'perform' | 'again' | 'back' | 'list'
  readonly place: Place
  /** Number of the file-system call that fails, from 1; 0 for none. */
  readonly at: number
  readonly kind: FaultKind
  /** Names of the calls that count, separated by commas; null: all. */
  readonly calls: string | null
}

const checkout = process.env['HOLDFAST_FAULTS_CHECKOUT'] as string
const filesModule = process.env['HOLDFAST_FAULTS_MODULE'] as string
/** For a lock. */
const patienceMs = 10_000
/** For a deed, which takes a tenth of a second; the machine may be busy with others. */
const limitMs = 60_000

async function act({ operation, step, place }: Deed, engine: Engine, during: During, warn: (what: string) => void) {
  const found = operations.find(({ name }) => name === operation)
  if (found === undefined) throw new Error(`there is no operation ${operation}`)
  switch (step) {
    case 'prepare':
      return { exitCode: 0, backups: await found.prepare(engine, place, during) }
    case 'perform':
      return found.perform(engine, place, during)
    case 'again':
      return (found.again ?? found.perform)(engine, place, during)
    case 'back':
      return found.back?.(engine, place, during) ?? { exitCode: 0 }
    case 'list': {
      const { backups, problems } = await engine.list({ type: null, services: [], days: null })
      for (const problem of problems) warn(problem)
      return { exitCode: 0, backups: backups.map(({ id }) => id) }
    }
  }
}

async function perform(deed: Deed): Promise<Outcome> {
  process.env['HOLDFAST_FAULT_AT'] = String(deed.at)
  process.env['HOLDFAST_FAULT_KIND'] = deed.kind
  if (deed.calls === null) delete process.env['HOLDFAST_FAULT_CALLS']
  else process.env['HOLDFAST_FAULT_CALLS'] = deed.calls
  createFiles()
  const counter = new Int32Array(getEnvironmentData('holdfast-fault-counter') as unknown as SharedArrayBuffer)
  Atomics.store(counter, 0, 0)
  const warnings: string[] = []
  const during: During = {
    signal: AbortSignal.timeout(limitMs),
    listen(event) {
      if (event.kind === 'warning') warnings.push(event.message)
    },
  }
  const before = descriptors()
  let done: Done = { exitCode: 0 }
  let failed: unknown = null
  try {
    const key = process.env['BACKUP_ENCRYPTION_KEY'] as string
    const { root, home } = deed.place
    const engine = engineAt({ root, home, key, files: createFiles(), filesModule, patienceMs, checkout })
    done = await act(deed, engine, during, (what) => warnings.push(what))
  } catch (error) {
    failed = error
  }
  const calls = Atomics.load(counter, 0)
  const known = failed instanceof BackupError ? failed : null
  return {
    exitCode: failed === null ? done.exitCode : (known?.exitCode ?? 1),
    code: failed === null ? null : (known?.code ?? 'not a BackupError'),
    message: failed === null ? '' : failed instanceof Error ? failed.message : String(failed),
    warnings,
    calls,
    leaked: descriptors() - before,
    backups: done.backups ?? [],
  }
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

for await (const line of createInterface({ input: process.stdin })) {
  const outcome = await perform(JSON.parse(line) as Deed) // written by engine-process.ts
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}
