/** What a terminal sends, cut into what a person did: one key, or one paste. Pure. */

export type Typed =
  | { readonly kind: 'key'; readonly sequence: string }
  | { readonly kind: 'paste'; readonly text: string }

export interface Split {
  readonly typed: readonly Typed[]
  /** The beginning of something that is not complete yet; empty where nothing waits. */
  readonly rest: string
}

const esc = '\x1b'
const pasteStart = '\x1b[200~'
const pasteEnd = '\x1b[201~'
const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * The Esc key as the kitty protocol spells it: complete in itself, so that Ink neither waits for more after it nor
 * takes the next key for its other half.
 */
export const escapeKey = '\x1b[27u'

/**
 * Cuts `text` into keys. Replies of the terminal (OSC, DCS, APC, PM, SOS, X10 mouse) are dropped: they would be typed
 * into whatever has the focus. Two parts of a text, the second behind the rest of the first, give what the whole gives.
 */
export function splitKeys(text: string): Split {
  const typed: Typed[] = []
  let at = 0
  while (at < text.length) {
    const next = text.indexOf(esc, at)
    if (next !== at) {
      const plain = next < 0 ? text.slice(at) : text.slice(at, next)
      for (const { segment } of segmenter.segment(plain)) pushPlain(typed, segment)
      at += plain.length
      continue
    }
    const end = endOfEscape(text, at)
    if (end === null) return { typed, rest: text.slice(at) }
    const sequence = text.slice(at, end)
    if (sequence.startsWith(pasteStart))
      typed.push({ kind: 'paste', text: sequence.slice(pasteStart.length, -pasteEnd.length) })
    else if (sequence === esc) typed.push({ kind: 'key', sequence: escapeKey })
    else if (!isReply(sequence)) typed.push({ kind: 'key', sequence })
    at = end
  }
  return { typed, rest: '' }
}

/** What an incomplete beginning was, once nothing followed it: an Esc, a paste without its end, or nothing. */
export function giveUpOn(rest: string): readonly Typed[] {
  if (rest === esc) return [{ kind: 'key', sequence: escapeKey }]
  if (rest.startsWith(pasteStart)) return [{ kind: 'paste', text: rest.slice(pasteStart.length) }]
  return []
}

/** Whether a rest may take its time: a paste or a reply arrives in many pieces, a key in one or two. */
export function isLongRest(rest: string): boolean {
  return rest.startsWith(pasteStart) || /^\x1b[\]P_^X]./s.test(rest)
}

/**
 * The text without the tail of a key whose beginning came so much earlier that it was given up: nobody types `[B`, and
 * `B` alone would begin something. Where the text is only more of the beginning, `rest` is all there is of that now.
 */
export function withoutOrphan(given: string, text: string): { readonly text: string; readonly rest: string } {
  const whole = given + text
  const [key] = /^\x1b(\[[0-9;]*[A-Za-z~]|O[A-DFHMP-S])/.exec(whole) ?? ['']
  if (key.length > given.length) return { text: whole.slice(key.length), rest: '' }
  return /^\x1b\[[0-9;]*$/.test(whole) ? { text: '', rest: whole } : { text, rest: '' }
}

const pasteLength = 24
const pasteVariety = 6

/** A burst of text no hand types at once, from a terminal that does not mark its pastes. Held keys are not one. */
export function looksPasted(text: string): boolean {
  if (text.length < pasteLength || /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) return false
  return new Set(text).size >= pasteVariety
}

function pushPlain(typed: Typed[], segment: string): void {
  // CR LF is one grapheme, and two keys.
  if (segment === '\r\n') typed.push({ kind: 'key', sequence: '\r' }, { kind: 'key', sequence: '\n' })
  else typed.push({ kind: 'key', sequence: segment })
}

/** Where the escape sequence that begins at `start` ends; null where its end has not come yet. */
function endOfEscape(text: string, start: number): number | null {
  const kind = text[start + 1]
  if (kind === undefined) return null
  if (kind === '[') return endOfControl(text, start)
  if (kind === 'O') return endOfFunction(text, start)
  if (']P_^X'.includes(kind)) return endOfString(text, start)
  // Esc, and then a key of its own: Ctrl-C must not drown in an Alt that nobody pressed.
  if (kind < ' ' || kind === '\x7f') return start + 1
  return start + 1 + (text.codePointAt(start + 1)! > 0xffff ? 2 : 1)
}

function endOfControl(text: string, start: number): number | null {
  if (text.startsWith(pasteStart, start)) {
    const end = text.indexOf(pasteEnd, start + pasteStart.length)
    return end < 0 ? null : end + pasteEnd.length
  }
  let at = start + 2
  if (text[at] === 'M') return text.length < at + 4 ? null : at + 4
  // The Linux console's F1 to F5.
  if (text[at] === '[') at++
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x40 && code <= 0x7e) return at + 1
    // Broken off: what follows is a key again.
    if (code < 0x20 || code > 0x3f) return at
  }
  return null
}

function endOfFunction(text: string, start: number): number | null {
  for (let at = start + 2; at < text.length; at++) {
    if (/[0-9;]/.test(text[at]!)) continue
    return /[@-~]/.test(text[at]!) ? at + 1 : at
  }
  return null
}

function endOfString(text: string, start: number): number | null {
  for (let at = start + 2; at < text.length; at++) {
    if (text[at] === '\x07') return at + 1
    if (text[at] !== esc) continue
    if (at + 1 === text.length) return null
    // Another sequence begins inside: the reply was cut.
    return text[at + 1] === '\\' ? at + 2 : at
  }
  return null
}

/** A reply of the terminal, or what is left of a sequence that was broken off. */
function isReply(sequence: string): boolean {
  return /^\x1b([\]P_^X].|\[M|\[\[?[0-?]*[ -/]*$|O[0-9;]*$)/s.test(sequence)
}
