import { createCipheriv } from 'node:crypto'
import { appendFileSync, closeSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs'
import { zstdCompressSync } from 'node:zlib'
import { Generator } from './trees.ts'

/** Large files that change in places: a database that rewrites pages, a log that grows. */

export const pageBytes = 8192
const pagesPerWrite = 512

/** Pages whose content follows from their number and version alone, so that any of them can be put back. */
export class Database {
  readonly #texts = new Generator(2)
  readonly #zeros = Buffer.alloc(pageBytes / 2)

  /** A short header, random bytes to the half of the page, and text that packs well. */
  page(number: number, version: number): Buffer {
    const nonce = Buffer.alloc(16)
    nonce.writeUInt32BE(number, 0)
    nonce.writeUInt32BE(version, 4)
    const random = createCipheriv('aes-128-ctr', Buffer.alloc(16, 2), nonce).update(this.#zeros)
    const text = this.#texts.textFrom(random, pageBytes / 2)
    nonce.copy(random)
    return Buffer.concat([random, text])
  }

  /** Writes the whole file, every page in version 0. */
  write(path: string, pages: number): void {
    const file = openSync(path, 'w')
    try {
      for (let first = 0; first < pages; first += pagesPerWrite) {
        const count = Math.min(pagesPerWrite, pages - first)
        const block = Buffer.concat(Array.from({ length: count }, (_, at) => this.page(first + at, 0)))
        writeAll(file, block, first * pageBytes)
      }
    } finally {
      closeSync(file)
    }
  }

  /** In place, as databases do. */
  rewrite(path: string, numbers: Iterable<number>, version: number): void {
    const file = openSync(path, 'r+')
    try {
      for (const number of numbers) writeAll(file, this.page(number, version), number * pageBytes)
    } finally {
      closeSync(file)
    }
  }
}

/** One of a hundred pages, in as many ranges as 5 for each 10^9 bytes make, at least one; none touches another. Sorted. */
export function hotPages(pages: number): number[] {
  const generator = new Generator(3)
  const ranges = Math.max(1, Math.floor((5 * pages * pageBytes) / 1e9))
  const stratum = Math.floor(pages / ranges)
  const wanted = hundredth(pages)
  return Array.from({ length: ranges }, (_, range) => {
    const length = Math.floor(wanted / ranges) + (range < wanted % ranges ? 1 : 0)
    // never up to the end of its stratum, where the next range may begin
    const first = range * stratum + generator.below(stratum - length)
    return Array.from({ length }, (_, at) => first + at)
  }).flat()
}

/** One of a hundred pages, anywhere. Sorted. */
export function scatteredPages(pages: number): number[] {
  const generator = new Generator(4)
  const chosen = new Set<number>()
  while (chosen.size < hundredth(pages)) chosen.add(generator.below(pages))
  return [...chosen].sort((a, b) => a - b)
}

function hundredth(pages: number): number {
  return Math.max(1, Math.round(pages / 100))
}

/** Lines as a server writes them, exactly `sizeBytes` of them; another `part` is later and never the same. */
export function appendLog(path: string, sizeBytes: number, part: number): void {
  const generator = new Generator(5 + part)
  const words = Array.from({ length: 512 }, () => generator.bytes(3 + generator.below(5)).toString('hex'))
  let milliseconds = Date.UTC(2026, 0, 1 + part)
  for (let left = sizeBytes; left > 0; ) {
    const lines: string[] = []
    const random = generator.bytes(linesPerWrite * 20)
    for (let at = 0; at < random.length; at += 20) {
      const word = (offset: number) => words[random.readUInt16LE(at + offset) % words.length]
      milliseconds += random[at]! >> 2
      lines.push(
        `${new Date(milliseconds).toISOString()} INFO  server[${1000 + (random[at + 1]! % 16)}] ${random.toString('hex', at + 2, at + 10)} GET /${word(10)}/${word(12)} 200 ${random[at + 14]} ms ${word(15)} ${word(17)}\n`,
      )
    }
    const block = Buffer.from(lines.join('')).subarray(0, left)
    appendFileSync(path, block)
    left -= block.length
  }
}

const linesPerWrite = 10_000

export function cutLog(path: string, sizeBytes: number): void {
  if (statSync(path).size > sizeBytes) truncateSync(path, sizeBytes)
}

/** What zstd makes of the file from `offset` on, in pieces of a mebibyte. */
export function packedBytes(path: string, offset: number): number {
  const file = openSync(path, 'r')
  const piece = Buffer.alloc(1024 * 1024)
  try {
    let total = 0
    for (let at = offset; ; ) {
      const count = readSync(file, piece, 0, piece.length, at)
      if (count === 0) return total
      total += zstdCompressSync(piece.subarray(0, count)).length
      at += count
    }
  } finally {
    closeSync(file)
  }
}

function writeAll(file: number, block: Buffer, position: number): void {
  for (let at = 0; at < block.length; ) at += writeSync(file, block, at, block.length - at, position + at)
}
