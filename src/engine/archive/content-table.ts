/**
 * Which content an older backup holds, by hash: a table that all threads read. It gives a place to look, and a wrong
 * one once in 2^64; whoever uses it compares the whole hash.
 *
 * Open addressing with linear probing; a slot is three words: the first 64 bits of the SHA-256, and a number that is
 * 0 where the slot is free.
 */
export interface SharedContents {
  readonly words: Uint32Array
  readonly slots: number
}

const wordsOfSlot = 3
const fullest = 0.7
/** 48 MiB: for some 2.9 million files. What does not fit is stored again when it has moved. */
const mostSlots = 1 << 22

export class ContentTable {
  readonly shared: SharedContents
  #used = 0

  /** `count` is how many will be added, as far as is known. */
  constructor(count: number) {
    let slots = 1024
    while (slots * fullest < count && slots < mostSlots) slots *= 2
    this.shared = { words: new Uint32Array(new SharedArrayBuffer(slots * wordsOfSlot * 4)), slots }
  }

  /** Notes a content under a number from 1 on. The first of equal contents stays. */
  add(sha256: string, number: number): void {
    const { words, slots } = this.shared
    if (this.#used >= slots * fullest) return
    const at = slotOf(this.shared, sha256)
    if (words[at + 2] !== 0) return
    const [high, low] = prefixOf(sha256)
    words[at] = high
    words[at + 1] = low
    words[at + 2] = number
    this.#used++
  }
}

/** The number that probably has this content; 0 where none has. */
export function lookUpContent(contents: SharedContents, sha256: string): number {
  return contents.words[slotOf(contents, sha256) + 2] as number
}

/** Index of the first word of the slot that has this hash, or of the free one where it would go. */
function slotOf({ words, slots }: SharedContents, sha256: string): number {
  const [high, low] = prefixOf(sha256)
  for (let slot = low & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
    const at = slot * wordsOfSlot
    if (words[at + 2] === 0 || (words[at] === high && words[at + 1] === low)) return at
  }
}

function prefixOf(sha256: string): [number, number] {
  return [Number.parseInt(sha256.slice(0, 8), 16), Number.parseInt(sha256.slice(8, 16), 16)]
}
