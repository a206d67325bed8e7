import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Generator } from './trees.ts'

/** Very many very small files. */

export const smallFileBytes = 100
const filesPerDirectory = 250

/** Files and the directories they lie in. */
export function entriesOf(files: number): number {
  return files + Math.ceil(files / filesPerDirectory)
}

/**
 * Makes `count` files below `directory`, with the numbers from `first` on in their content: no two with different
 * numbers are alike. Done once; what was not finished is made again. True where it was done now.
 */
export function makeSmallFiles(directory: string, first: number, count: number, done: string): boolean {
  if (existsSync(done)) return false
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const generator = new Generator(10)
  for (let at = 0; at < count; at++) {
    const within = join(directory, String(Math.floor(at / filesPerDirectory)).padStart(4, '0'))
    if (at % filesPerDirectory === 0) mkdirSync(within)
    writeFileSync(join(within, `${String(at).padStart(7, '0')}.json`), contentOf(first + at, generator.bytes(30)))
  }
  writeFileSync(done, '')
  return true
}

/** A record as a mail store or a cache keeps it: half of it is the same everywhere, half is random. */
function contentOf(number: number, random: Buffer): string {
  const record = JSON.stringify({ id: number, kind: 'record', state: 'stored', token: random.toString('base64url') })
  return `${record.padEnd(smallFileBytes - 1)}\n`
}
