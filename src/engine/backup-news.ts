import { type BytePath, displayPath, pathToText } from '../model/path.ts'
import type { SourceContext, SourceWarning } from '../model/source.ts'
import type { BaseNews } from './incremental/base.ts'
import type { Run } from './run.ts'

const repositoryPath = 'files in it are the backups themselves'

/** What is told while a backup is made, and what it comes to. */
export class BackupNews implements BaseNews {
  warnings = 0
  /** Those of them that say what is missing from the backup, or torn. The others say that it is less safe than asked for. */
  missing = 0
  /** What is left out on purpose, counted by reason. */
  readonly skipped: Record<string, number> = {}
  /** Of content; null where nobody knows. */
  totalBytes: number | null = null
  readonly #run: Run
  #doneBytes = 0
  #doneEntries = 0

  constructor(run: Run) {
    this.#run = run
  }

  /** What is no trouble. */
  note(message: string): void {
    this.#run.tell({ kind: 'notice', message })
  }

  warn(what: string): void {
    this.#warnOf({ path: null, what })
  }

  miss(warning: SourceWarning): void {
    this.missing++
    this.#warnOf(warning)
  }

  /** What one service tells, which also counts for itself. */
  ofService(skipped: Record<string, number>): {
    readonly context: SourceContext
    warnings(): number
    onProgress(bytes: number, entries: number): void
  } {
    const before = { warnings: this.warnings, bytes: this.#doneBytes, entries: this.#doneEntries }
    return {
      context: {
        signal: this.#run.signal,
        warn: (warning) => this.miss(warning),
        skip: (path, because) => {
          skipped[because] = (skipped[because] ?? 0) + 1
          this.skipped[because] = (this.skipped[because] ?? 0) + 1
          if (because === 'repository') this.note(`${displayPath(path)} is left out: ${repositoryPath}`)
        },
      },
      warnings: () => this.warnings - before.warnings,
      onProgress: (bytes, entries) => {
        this.#doneBytes = before.bytes + bytes
        this.#doneEntries = before.entries + entries
        this.#tellProgress()
      },
    }
  }

  #warnOf({ path, what }: SourceWarning): void {
    this.warnings++
    this.#run.tell({ kind: 'warning', message: what, ...(path === null ? {} : named(path)) })
  }

  #tellProgress(): void {
    this.#run.tell({
      kind: 'progress',
      doneBytes: this.#doneBytes,
      totalBytes: this.totalBytes,
      doneEntries: this.#doneEntries,
      totalEntries: null,
    })
  }
}

function named(path: BytePath): { readonly path: string; readonly pathB64?: string } {
  const text = pathToText(path)
  if (text !== null) return { path: text }
  return { path: displayPath(path), pathB64: Buffer.from(path, 'latin1').toString('base64') }
}
