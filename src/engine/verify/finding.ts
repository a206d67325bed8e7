import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, nameOf } from '../../model/path.ts'

export const verifyLevels = ['scrub', 'quick', 'full'] as const
export type VerifyLevel = (typeof verifyLevels)[number]

/** Something wrong with an archive. Damage loses data or may; a warning is what could still be healed or explained. */
export interface Finding {
  /** File name of the archive, printable. */
  readonly archive: string
  /** The entry it is about; null where it is about the archive. */
  readonly path: BytePath | null
  readonly what: string
  readonly severity: 'damage' | 'warning'
}

/** A rotten archive has as many findings as entries; nobody reads more than these. */
const mostFindings = 1000

export class Findings {
  readonly #archive: string
  readonly #list: Finding[] = []
  #more = 0

  constructor(archivePath: BytePath) {
    this.#archive = displayPath(nameOf(archivePath))
  }

  damage(what: string, path: BytePath | null = null): void {
    this.#add({ archive: this.#archive, path, what, severity: 'damage' })
  }

  warning(what: string, path: BytePath | null = null): void {
    this.#add({ archive: this.#archive, path, what, severity: 'warning' })
  }

  /** Runs a step; damage it throws becomes a finding and null. */
  attempt<Result>(step: () => Result, path: BytePath | null = null): Result | null {
    try {
      return step()
    } catch (error) {
      this.damage(damageIn(error), path)
      return null
    }
  }

  list(): Finding[] {
    if (this.#more === 0) return this.#list
    const what = `and ${this.#more} findings more`
    return [...this.#list, { archive: this.#archive, path: null, what, severity: 'damage' }]
  }

  #add(finding: Finding): void {
    if (this.#list.length < mostFindings) this.#list.push(finding)
    else this.#more++
  }
}

/** What an error says about the archive. @throws the error itself where it is about something else: a key, a signal. */
export function damageIn(error: unknown): string {
  if (error instanceof BackupError && (error.code === 'E_DAMAGED' || error.code === 'E_ARCHIVE_MISSING'))
    return error.message
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EIO') return 'the disk cannot read it: EIO'
  throw error
}
