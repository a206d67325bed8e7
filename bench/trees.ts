import { execFileSync } from 'node:child_process'
import { createCipheriv } from 'node:crypto'
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** What is backed up: copies of what a machine has, and data made from nothing. */

/** A copy of some directories, made once; one that was not finished is made again. True where it was made now. */
export function copyOnce(sources: readonly string[], target: string): boolean {
  const done = `${target}.complete`
  if (existsSync(done)) return false
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  execFileSync('cp', ['-a', ...sources, target])
  writeFileSync(done, '')
  return true
}

export interface Walked {
  readonly entries: number
  readonly bytes: number
  /** Files that `wanted` picked, sorted. */
  readonly picked: readonly string[]
}

export function walk(root: string, wanted: (path: string, sizeBytes: number, links: number) => boolean): Walked {
  let entries = 0
  let bytes = 0
  const picked: string[] = []
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    entries++
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const { size, nlink } = lstatSync(path)
    bytes += size
    if (wanted(path, size, nlink)) picked.push(path)
  }
  return { entries, bytes, picked: picked.sort() }
}

/** Content that is the same in every run and repeats nowhere: half of it random, half like a log that packs well. */
export class Generator {
  readonly #random: ReturnType<typeof createCipheriv>
  readonly #corpus: Buffer

  constructor(seed: number) {
    // AES-CTR of zeros: a fast stream without repetition
    this.#random = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16))
    const words = Array.from({ length: 4096 }, () => this.bytes(3 + (this.bytes(1)[0]! % 6)).toString('base64url'))
    const order = this.bytes(2 * 200_000)
    let text = ''
    for (let at = 0; at < order.length; at += 2) text += `${words[order.readUInt16LE(at) % words.length]} `
    this.#corpus = Buffer.from(text)
  }

  writeFile(path: string, sizeBytes: number): void {
    mkdirSync(dirname(path), { recursive: true })
    const file = openSync(path, 'w')
    try {
      for (let written = 0, turn = 0; written < sizeBytes; turn++) {
        const count = Math.min(blockBytes, sizeBytes - written)
        const block = turn % 2 === 0 ? this.bytes(count) : this.text(count)
        for (let at = 0; at < count; ) at += writeSync(file, block, at, count - at)
        written += count
      }
    } finally {
      closeSync(file)
    }
  }

  bytes(count: number): Buffer {
    return this.#random.update(Buffer.alloc(count))
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return this.bytes(6).readUIntLE(0, 6) % limit
  }

  /** Pieces of the corpus in an order that never comes again. */
  text(count: number): Buffer {
    return this.textFrom(this.bytes(Math.ceil(count / 256) * 4), count)
  }

  /** The same for the same `steps`, of which it takes four bytes for each 512 of the text. */
  textFrom(steps: Buffer, count: number): Buffer {
    const block = Buffer.alloc(count)
    for (let at = 0, step = 0; at < count; step += 4) {
      const from = steps.readUInt32LE(step) % (this.#corpus.length - pieceBytes)
      at += this.#corpus.copy(block, at, from, from + Math.min(pieceBytes, count - at))
    }
    return block
  }
}

const blockBytes = 4 * 1024 * 1024
const pieceBytes = 512
