/** Words as a person types them on a command line: what `shellWord` writes is read back as it was. Pure. */

export interface ShellWords {
  readonly words: readonly string[]
  /** Why a shell would not take it as it stands; null where it would. */
  readonly wrong: string | null
}

type Inside = 'nothing' | 'single' | 'double' | 'dollar'

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', e: '\x1b', a: '\x07', b: '\b', 0: '\0' }

/**
 * Blanks divide; '…', "…", $'…' and \ keep together. Nothing is looked up or filled in: no variable, no ~, no *, as no
 * shell reads it. A quote that is still open ends with the text.
 */
export function shellWords(text: string): ShellWords {
  const taken: Word[] = []
  let word: Word | null = null
  let inside: Inside = 'nothing'
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (inside === 'nothing' && /\s/.test(char)) {
      if (word !== null) taken.push(word)
      word = null
      continue
    }
    word ??= new Word()
    if (inside === 'nothing') {
      if (char === "'") inside = 'single'
      else if (char === '"') inside = 'double'
      else if (char === '$' && text[at + 1] === "'") {
        inside = 'dollar'
        at++
      } else if (char === '\\' && at + 1 < text.length) word.add(text[++at]!)
      else word.add(char)
    } else if (char === (inside === 'double' ? '"' : "'")) inside = 'nothing'
    else if (char === '\\' && inside === 'double' && /[\\"$`]/.test(text[at + 1] ?? '')) word.add(text[++at]!)
    else if (char === '\\' && inside === 'dollar') at += word.escape(text.slice(at + 1, at + 4))
    else word.add(char)
  }
  if (word !== null) taken.push(word)
  const words = taken.map((one) => one.text())
  return { words, wrong: inside === 'nothing' ? wrongIn(words, taken) : 'a quote is not closed' }
}

function wrongIn(words: readonly string[], taken: readonly Word[]): string | null {
  if (words.some((word) => /^~(\/|$)/.test(word))) return 'no shell reads this: write out what ~ stands for'
  if (taken.some(({ isBroken }) => isBroken)) return 'a name that is not UTF-8 cannot be typed here'
  if (words.some((word) => word.includes('\0'))) return 'no name holds a NUL'
  return words.includes('') ? 'one of them is empty' : null
}

/** One word; what \x gives are bytes, which may be one character together. */
class Word {
  #text = ''
  #bytes: number[] = []
  /** Bytes of it are no characters. */
  isBroken = false

  text(): string {
    this.#flush()
    return this.#text
  }

  add(text: string): void {
    this.#flush()
    this.#text += text
  }

  /** What follows a backslash inside $'…': gives how many characters of it were taken. */
  escape(rest: string): number {
    const [whole = '', digits] = /^x([0-9a-fA-F]{1,2})/.exec(rest) ?? []
    if (digits !== undefined) {
      this.#bytes.push(Number.parseInt(digits, 16))
      return whole.length
    }
    const [next = ''] = rest
    this.add(escapes[next] ?? next)
    return next.length
  }

  #flush(): void {
    if (this.#bytes.length === 0) return
    try {
      this.#text += new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(this.#bytes))
    } catch {
      this.isBroken = true
    }
    this.#bytes = []
  }
}
