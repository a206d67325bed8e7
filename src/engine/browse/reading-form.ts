import { TextDecoder } from 'node:util'

/** How the bytes of a file are shown to a person who reads them in a pager, whose terminal obeys what it is sent. */

const binaryByte = 0
/** Everything a terminal may act upon but tab, line feed and form feed; and what turns a text around. */
const unsafeText = /[\0-\x08\x0b\x0d-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/

export type ReadingForm = 'text' | 'escaped' | 'hex'

/** Decides in which form a file can be read, from its bytes piece by piece. */
export class FormDecision {
  readonly #decoder = strictDecoder()
  #isBinary = false
  #isSafe = true
  #rest = ''
  /** Meaningful after `end`. */
  isUtf8 = true

  take(bytes: Uint8Array): void {
    this.#isBinary ||= bytes.includes(binaryByte)
    if (!this.#isBinary && this.isUtf8) this.#look(bytes)
  }

  end(): ReadingForm {
    if (!this.#isBinary && this.isUtf8) this.#look(null)
    if (this.#isBinary) return 'hex'
    return this.isUtf8 && this.#isSafe ? 'text' : 'escaped'
  }

  /** Null is the end: a text cut off in the midst of a character is none. */
  #look(bytes: Uint8Array | null): void {
    try {
      const text =
        this.#rest + (bytes === null ? this.#decoder.decode() : this.#decoder.decode(bytes, { stream: true }))
      // What comes next decides whether it ends a line, as other systems write it.
      this.#rest = bytes !== null && text.endsWith('\r') ? '\r' : ''
      this.#isSafe &&= !unsafeText.test(text.slice(0, text.length - this.#rest.length).replace(/\r\n/g, '\n'))
    } catch {
      this.isUtf8 = false
    }
  }
}

/** A text, piece by piece, in which nothing is left that a terminal would act upon. */
export class EscapedText {
  readonly #decoder: TextDecoder | null
  #rest = ''

  constructor(isUtf8: boolean) {
    this.#decoder = isUtf8 ? strictDecoder() : null
  }

  take(bytes: Uint8Array): string {
    const text = this.#rest + (this.#decoder?.decode(bytes, { stream: true }) ?? asciiWithBytes(bytes))
    // What comes next decides whether it ends a line.
    this.#rest = text.endsWith('\r') ? '\r' : ''
    return escaped(text.slice(0, text.length - this.#rest.length))
  }

  end(): string {
    return escaped(this.#rest)
  }
}

function escaped(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(new RegExp(unsafeText, 'g'), (char) => {
    const code = char.charCodeAt(0)
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}

/** Bytes of an unknown character set: those that are not ASCII are spelled out. */
function asciiWithBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString('latin1')
    .replace(/[\x80-\xff]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`)
}

function strictDecoder(): TextDecoder {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
}

/** `00000010  7f 45 4c 46 …  |.ELF…|`, a line for every sixteen bytes. */
export function hexDump(bytes: Uint8Array, from: number): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16)
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, '0'))
    const pairs = `${hex.slice(0, 8).join(' ')}  ${hex.slice(8).join(' ')}`
    const shown = Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    text += `${(from + at).toString(16).padStart(8, '0')}  ${pairs.padEnd(48)}  |${shown}|\n`
  }
  return text
}
