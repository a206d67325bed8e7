import { appendFileSync } from 'node:fs'
import { constants } from 'node:os'
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { systemError } from '../../src/engine/platform/libc.ts'
import type { Files } from '../../src/model/ports.ts'

/**
 * A disk that fails, or kills the process, at its n-th call. Name this module as the module of files and choose by
 *
 * HOLDFAST_FAULT_AT      the number of the call, from 1; absent or 0: never, which counts the calls of a whole run
 * HOLDFAST_FAULT_KIND    ENOSPC, EIO, EROFS, EMFILE: thrown; short-write: half of the next write, then ENOSPC;
 *                        kill: SIGKILL before the call
 * HOLDFAST_FAULT_CALLS   names of the calls that count, separated by commas; absent: all
 * HOLDFAST_FAULT_LASTING 1: every counted call from the n-th on fails, as on a disk that stays full
 * HOLDFAST_FAULT_TRACE   1: the call that fails is told on stderr, with where it came from
 * HOLDFAST_FAULT_COUNT   a file that is given the number of calls, in decimal, when the process ends
 *
 * Worker threads count together with the thread that started them, where that one has called createFiles() first.
 */
export interface Fault {
  readonly at: number
  readonly kind: FaultKind
  readonly calls?: ReadonlySet<string> | null
  readonly lasting?: boolean
}

const faultKinds = ['ENOSPC', 'EIO', 'EROFS', 'EMFILE', 'short-write', 'kill'] as const
export type FaultKind = (typeof faultKinds)[number]

const counterKey = 'holdfast-fault-counter'

export function createFiles(): Files {
  const environment = process.env
  const calls = environment['HOLDFAST_FAULT_CALLS']
  const wanted = environment['HOLDFAST_FAULT_KIND'] ?? 'EIO'
  const kind = faultKinds.find((known) => known === wanted)
  if (kind === undefined) throw new Error(`HOLDFAST_FAULT_KIND ${wanted} is unknown`)
  const fault: Fault = {
    at: Number(environment['HOLDFAST_FAULT_AT'] ?? 0),
    kind,
    calls: calls === undefined ? null : new Set(calls.split(',')),
    lasting: environment['HOLDFAST_FAULT_LASTING'] === '1',
  }
  const counter = sharedCounter()
  const report = environment['HOLDFAST_FAULT_COUNT']
  if (report !== undefined && isMainThread) {
    process.once('exit', () => appendFileSync(report, `${Atomics.load(counter, 0)}\n`))
  }
  return wrapFaulty(createDiskFiles(), fault, counter)
}

/** One counter for all threads of the process: the environment data of a thread is handed on to its workers. */
function sharedCounter(): Int32Array {
  const known = getEnvironmentData(counterKey)
  if (known instanceof SharedArrayBuffer) return new Int32Array(known)
  const memory = new SharedArrayBuffer(4)
  // A SharedArrayBuffer can be cloned, though the type of the value does not name it.
  setEnvironmentData(counterKey, memory as unknown as Parameters<typeof setEnvironmentData>[1])
  return new Int32Array(memory)
}

/** `files`, failing as `fault` says; `counter` holds the number of counted calls so far. */
export function wrapFaulty(files: Files, fault: Fault, counter: Int32Array): Files {
  let shortWriteIsDue = false

  function strike(name: string, values: unknown[]): void {
    if (fault.calls && !fault.calls.has(name)) return
    const count = Atomics.add(counter, 0, 1) + 1
    const isDue = fault.at > 0 && (fault.lasting ? count >= fault.at : count === fault.at)
    if (fault.kind === 'short-write') {
      shortWriteIsDue ||= isDue
      if (shortWriteIsDue && name === 'write') {
        shortWriteIsDue = fault.lasting === true
        const [fd, bytes, position] = values as Parameters<Files['write']>
        files.write(fd, bytes.subarray(0, bytes.length >> 1), position)
        throw systemError(constants.errno.ENOSPC, name, null)
      }
      return
    }
    if (!isDue) return
    if (process.env['HOLDFAST_FAULT_TRACE'] === '1') console.error(new Error(`${name} ${values.join(' ')}`).stack)
    if (fault.kind === 'kill') {
      process.kill(process.pid, 'SIGKILL')
      for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) // another thread may take the signal
    }
    // A close that fails has closed all the same (close(2)).
    if (name === 'close') files.close(values[0] as number)
    throw systemError(constants.errno[fault.kind], name, null)
  }

  return new Proxy(files, {
    get(target, name: keyof Files) {
      const call: unknown = target[name]
      // childOf names an entry and calls nothing; what is no method (`then`, for a Files that is awaited) stays absent.
      if (typeof call !== 'function' || name === 'childOf') return call
      if (name === 'sync' || name === 'syncFileSystem') {
        return async (...values: unknown[]) => {
          strike(name, values)
          return call(...values)
        }
      }
      return (...values: unknown[]) => {
        strike(name, values)
        return call(...values)
      }
    },
  })
}
