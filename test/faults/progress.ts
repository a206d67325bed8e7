import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a long run has done: a line a case, so that it can be done in pieces, and go on where it was interrupted. */

/** A case by name, and what was wrong; null where the fault did not strike. */
export interface Note {
  readonly what: string
  readonly problems: readonly string[] | null
}

export class Progress {
  readonly #path: string
  readonly #notes = new Map<string, Note>()

  /** Goes on only where what is tested, and what tests it, have not changed since: `sources`, files and directories. */
  constructor(name: string, sources: readonly string[]) {
    this.#path = join(process.env['HOLDFAST_PROGRESS'] ?? tmpdir(), `holdfast-${name}.ndjson`)
    const stamp = JSON.stringify({ sources: hashOfSources(sources) })
    const [first, ...lines] = existsSync(this.#path) ? readFileSync(this.#path, 'utf8').split('\n') : []
    if (first !== stamp) {
      writeFileSync(this.#path, `${stamp}\n`)
      return
    }
    // A line that a killed run left half is a case that was not done.
    for (const line of lines.slice(0, -1)) {
      const note = JSON.parse(line) as Note
      this.#notes.set(note.what, note)
    }
  }

  has(what: string): boolean {
    return this.#notes.has(what)
  }

  note(note: Note): void {
    this.#notes.set(note.what, note)
    appendFileSync(this.#path, `${JSON.stringify(note)}\n`)
  }

  get notes(): readonly Note[] {
    return [...this.#notes.values()]
  }
}

function hashOfSources(sources: readonly string[]): string {
  const checkout = fileURLToPath(new URL('../..', import.meta.url))
  const hash = createHash('sha256')
  for (const source of sources) {
    const path = join(checkout, source)
    const names = statSync(path).isFile() ? [''] : readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()
    for (const name of names)
      if (statSync(join(path, name)).isFile()) hash.update(name).update(readFileSync(join(path, name)))
  }
  return hash.digest('hex')
}

/** A long run ends after so many minutes, with what it has; the next one goes on. */
export function deadline(): () => boolean {
  const minutes = Number(process.env['HOLDFAST_MINUTES'] ?? Number.POSITIVE_INFINITY)
  const end = performance.now() + minutes * 60_000
  return () => performance.now() > end
}
