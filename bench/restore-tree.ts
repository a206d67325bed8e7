import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Generator } from './trees.ts'

/** Files as a server has them, from half a kilobyte to a hundred, 30 kB on average; and the same after some work. */

const sizes = [500, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000, 80_000, 100_000]
export const meanBytes = sizes.reduce((sum, size) => sum + size, 0) / sizes.length
const filesPerDirectory = 250
/** Every third file has changed. */
const changedEvery = 3

/** No two of them are alike. */
export function makeRestoreTree(directory: string, files: number): void {
  const generator = new Generator(20)
  for (let at = 0; at < files; at++) {
    if (at % filesPerDirectory === 0) mkdirSync(join(directory, directoryOf(at)), { recursive: true })
    write(directory, at, generator)
  }
}

/** Writes every third file anew, of the same size and the same each time; gives their bytes. */
export function changeThird(directory: string, files: number): number {
  const generator = new Generator(21)
  let bytes = 0
  for (let at = 0; at < files; at += changedEvery) bytes += write(directory, at, generator)
  return bytes
}

function write(directory: string, at: number, generator: Generator): number {
  const size = sizes[at % sizes.length]!
  const name = `${String(at).padStart(6, '0')}.dat`
  const content = [generator.bytes(size / 2), generator.text(size / 2)]
  writeFileSync(join(directory, directoryOf(at), name), Buffer.concat(content))
  return size
}

function directoryOf(at: number): string {
  return String(Math.floor(at / filesPerDirectory)).padStart(4, '0')
}
