import { createInterface } from 'node:readline'
import { interrupted, type Output } from './output.ts'
import type { InputStream, Terminal } from './terminal.ts'

/**
 * The process that started this one, in the place of a person: it writes lines of JSON to our stdin. It may be gone at
 * any moment; what is asked then is answered by nothing.
 */
export function openStarter(stdin: InputStream, out: Output, signal: AbortSignal): Terminal {
  const lines = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  const abort = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(interrupted()), { once: true })
  })
  abort.catch(() => {}) // nobody may be waiting
  const next = async (): Promise<string> => {
    const { done, value } = await Promise.race([lines.next(), abort])
    return done === true ? '' : value
  }
  return {
    interactive: false,
    ask: () => next(),
    async askSecret() {
      out.event({ kind: 'passphrase' })
      const line = await next()
      return line === '' ? '' : String(JSON.parse(line))
    },
  }
}
