import { createInterface } from 'node:readline'
import { interrupted, type Output, type Stream } from './output.ts'

/** What can be asked of the person at the terminal. */
export interface Terminal {
  /** True where a person can be asked: stdin and stderr are terminals. */
  readonly interactive: boolean
  /** One line, echoed; empty where input ends. */
  ask(question: string): Promise<string>
  /** One line, not echoed. Throws E_INTERRUPTED at Ctrl-C, at the end of input and when the signal aborts. */
  askSecret(question: string): Promise<string>
}

export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown }

export function openTerminal(stdin: InputStream, stderr: Stream, out: Output, signal: AbortSignal): Terminal {
  const prompt = (question: string): void => {
    out.flush()
    out.clearProgress()
    stderr.write(question)
  }
  return {
    interactive: stdin.isTTY === true && stderr.isTTY === true,
    ask(question) {
      prompt(question)
      return readLine(stdin, signal)
    },
    async askSecret(question) {
      try {
        // Asked only once nothing is echoed any more: who types at once must not see it.
        return await readSecret(stdin, signal, () => prompt(question))
      } finally {
        stderr.write('\n')
      }
    },
  }
}

/** The terminal itself echoes and edits, and turns Ctrl-C into a signal. */
function readLine(stdin: InputStream, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stdin, terminal: false })
    const abort = (): void => {
      lines.close()
      reject(interrupted())
    }
    if (signal.aborted) {
      abort()
      return
    }
    signal.addEventListener('abort', abort, { once: true })
    lines.once('line', (line) => {
      resolve(line)
      lines.close()
    })
    lines.once('close', () => {
      signal.removeEventListener('abort', abort)
      resolve('')
    })
  })
}

const enter = new Set([0x0a, 0x0d])
const erase = new Set([0x08, 0x7f])
const [ctrlC, ctrlD, ctrlU] = [0x03, 0x04, 0x15]

/** Raw mode: nothing is echoed, and the keys that edit a line are done here. */
function readSecret(stdin: InputStream, signal: AbortSignal, whenSilent: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: number[] = []
    const finish = (settle: () => void): void => {
      stdin.removeListener('data', hear)
      stdin.removeListener('end', abort)
      stdin.setRawMode?.(false)
      stdin.pause()
      signal.removeEventListener('abort', abort)
      settle()
    }
    const abort = (): void => finish(() => reject(interrupted()))
    const hear = (chunk: Buffer | string): void => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      for (const [at, byte] of bytes.entries()) {
        if (enter.has(byte)) {
          const rest = bytes.subarray(at + 1)
          finish(() => {
            if (rest.length > 0) stdin.unshift(rest) // typed ahead, for the next question
            resolve(Buffer.from(typed).toString('utf8'))
          })
          return
        }
        if (byte === ctrlC || (byte === ctrlD && typed.length === 0)) {
          abort()
          return
        }
        if (byte === ctrlU) typed = []
        else if (erase.has(byte)) {
          // One character back is all its UTF-8 bytes.
          while (typed.length > 0 && (typed.pop()! & 0xc0) === 0x80) {}
        } else if (byte >= 0x20) typed.push(byte)
      }
    }
    if (signal.aborted) {
      reject(interrupted())
      return
    }
    signal.addEventListener('abort', abort, { once: true })
    stdin.setRawMode?.(true)
    whenSilent()
    stdin.once('end', abort)
    stdin.on('data', hear)
    stdin.resume()
  })
}
