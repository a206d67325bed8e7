import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** How screens look, kept as text. `HOLDFAST_GOLDEN=write` writes them anew; then look at what changed. */
const folder = fileURLToPath(new URL('golden', import.meta.url))
const isWriting = process.env['HOLDFAST_GOLDEN'] === 'write'

export function expectGolden(name: string, frame: string): void {
  const path = join(folder, `${name}.txt`)
  if (isWriting) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(path, `${frame}\n`)
  }
  expect(`${frame}\n`).toBe(readFileSync(path, 'utf8'))
}
