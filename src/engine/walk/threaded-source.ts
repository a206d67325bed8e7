import type { Worker } from 'node:worker_threads'
import { BackupError } from '../../model/errors.ts'
import type { Source, SourceContext, SourceEntry, SourceWarning } from '../../model/source.ts'
import { type PlainError, plainError, revive } from '../platform/thread-error.ts'
import type { FilesSettings } from '../sources/files.ts'
import type { SourceType } from '../sources/registry.ts'
import { type PackedSlice, unpackSlice } from './packed-slice.ts'
import { takeWalkThread } from './walk-thread.ts'

/** The first message to a walking thread; every other lets it go one slice further. */
export interface WalkOrder {
  readonly filesModule: string | null
  readonly type: SourceType
  readonly settings: FilesSettings
  /** Slices it may be ahead of whoever takes them. */
  readonly ahead: number
}

export type Told =
  | { readonly kind: 'warn'; readonly warning: SourceWarning }
  | {
      readonly kind: 'skip'
      readonly path: Parameters<SourceContext['skip']>[0]
      readonly because: Parameters<SourceContext['skip']>[1]
    }

/** What it sends; what was told before it comes along. */
export type WalkMessage = { readonly told: readonly Told[] } & (
  | { readonly slice: PackedSlice }
  | { readonly end: true }
  | { readonly error: PlainError }
)

const slicesAhead = 16

/**
 * A source on disk, walked in a thread of its own, so that looking at the disk and comparing with an older backup go on
 * at the same time. It gives the same entries in the same order. The thread begins to walk at once.
 */
export class ThreadedSource implements Source {
  readonly #worker: Worker
  readonly #messages: WalkMessage[] = []
  #wake: (() => void) | null = null

  constructor(filesModule: string | null, type: SourceType, settings: FilesSettings) {
    this.#worker = takeWalkThread()
    this.#worker.on('message', (message: WalkMessage) => this.#hear(message))
    this.#worker.on('error', ({ message }) => this.#fail(`the thread that walks the source failed: ${message}`))
    this.#worker.on('exit', (code) => this.#fail(`the thread that walks the source ended with ${code}`))
    const order: WalkOrder = { filesModule, type, settings, ahead: slicesAhead }
    this.#worker.postMessage(order)
  }

  async *scan(context: SourceContext): AsyncGenerator<readonly SourceEntry[]> {
    for (;;) {
      const message = this.#messages.shift()
      if (message === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      for (const told of message.told) {
        if (told.kind === 'warn') context.warn(told.warning)
        else context.skip(told.path, told.because)
      }
      if ('error' in message) throw revive(message.error)
      if ('end' in message) return
      this.#worker.postMessage(null)
      yield unpackSlice(message.slice)
    }
  }

  /** Ends the thread, however far it has come. */
  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #hear(message: WalkMessage): void {
    this.#messages.push(message)
    this.#wake?.()
  }

  /** Behind all that was sent; after its end nobody hears it. */
  #fail(message: string): void {
    this.#hear({ error: plainError(new BackupError('E_INTERNAL', message)), told: [] })
  }
}
