import { once } from 'node:events'
import { parentPort } from 'node:worker_threads'
import type { Source, SourceContext } from '../../model/source.ts'
import { loadFiles } from '../platform/disk-files.ts'
import { plainError } from '../platform/thread-error.ts'
import { sources } from '../sources/registry.ts'
import { buffersOf, packSlice } from './packed-slice.ts'
import type { Told, WalkMessage, WalkOrder } from './threaded-source.ts'

/** A thread that waits for an order, walks one source and sends what it finds, as far ahead as it is let. */

if (parentPort === null) throw new TypeError('this is no program')
// What ThreadedSource sends first.
const [{ filesModule, type, settings, ahead }] = (await once(parentPort, 'message')) as [WalkOrder]
let allowed = ahead
let wake: (() => void) | null = null
parentPort.on('message', () => {
  allowed++
  wake?.()
})

const told: Told[] = []
const context: SourceContext = {
  signal: new AbortController().signal, // whoever wants no more ends the thread
  warn: (warning) => void told.push({ kind: 'warn', warning }),
  skip: (path, because) => void told.push({ kind: 'skip', path, because }),
}

function send(message: WalkMessage, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}

try {
  const source: Source = sources[type](await loadFiles(filesModule), settings)
  for await (const entries of source.scan(context)) {
    while (allowed === 0)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    allowed--
    const slice = packSlice(entries)
    send({ slice, told: told.splice(0) }, buffersOf(slice))
  }
  send({ end: true, told })
} catch (error) {
  send({ error: plainError(error as Error), told })
}
parentPort?.close()
