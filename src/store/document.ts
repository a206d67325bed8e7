import { Low } from 'lowdb'
import * as z from 'zod'

/** Where a document's text lives. The lock keeps other processes out while it is read, changed and written. */
export interface DocumentAdapter {
  /** Null where there is no document yet. */
  read(): Promise<string | null>
  /** All of it or nothing, on disk when it resolves. */
  write(text: string): Promise<void>
  lock<T>(act: () => Promise<T>): Promise<T>
}

export type Reading<T> =
  | { readonly state: 'ok'; readonly value: T }
  | { readonly state: 'absent' }
  | { readonly state: 'damaged'; readonly why: string }

export interface Document<T> {
  read(): Promise<Reading<T>>
  /**
   * Reads under the lock, hands what it found to `change`, and writes what that gives. Where `change` throws, or
   * gives what the schema refuses, nothing is written. Gives what was written.
   */
  update(change: (found: Reading<T>) => T | Promise<T>): Promise<T>
}

export interface DocumentForm {
  /** The value of a text; as JSON where not given. Throws where it is none. */
  parse?(text: string): unknown
  /** What an older version wrote, as this version would have. Throws where it cannot tell. */
  migrate?(value: unknown): unknown
  /** The text to write; JSON with two spaces where not given. */
  format?(value: unknown): string
}

/** A document in `adapter`, held to `schema` whenever it is read or written. */
export function openDocument<T>(
  schema: z.ZodType<T>,
  adapter: DocumentAdapter,
  { parse = JSON.parse, migrate = (value) => value, format = indented }: DocumentForm = {},
): Document<T> {
  async function read(): Promise<Reading<T>> {
    const text = await adapter.read()
    if (text === null) return { state: 'absent' }
    if (text === '') return { state: 'damaged', why: 'it is empty, or no file' }
    try {
      const parsed = schema.safeParse(migrate(await parse(text)))
      if (parsed.success) return { state: 'ok', value: parsed.data }
      return { state: 'damaged', why: z.prettifyError(parsed.error).replaceAll('\n', ' ') }
    } catch (error) {
      return { state: 'damaged', why: whyOf(error) }
    }
  }

  return {
    read,
    update: (change) =>
      adapter.lock(async () => {
        // A fresh one for each update: what another process has written since must be read again.
        const low = new Low<Reading<T>>(
          {
            read,
            write: (reading) => (reading.state === 'ok' ? adapter.write(format(reading.value)) : Promise.resolve()),
          },
          { state: 'absent' },
        )
        await low.read()
        low.data = { state: 'ok', value: schema.parse(await change(low.data)) }
        await low.write()
        return low.data.value
      }),
  }
}

function whyOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'it is not JSON'
  return error instanceof Error ? error.message : 'it cannot be read'
}

function indented(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
