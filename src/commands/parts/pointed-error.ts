import { BackupError } from '../../model/errors.ts'
import { printable } from '../../model/path.ts'

const longestPrefix = 40
const longestText = 72

/** A mistake in a text that was given: which part of it is wrong. */
export class PointedError extends BackupError {
  /** What the part is called; null where the whole is wrong. */
  readonly field: string | null
  readonly text: string
  /** `text.slice(start, end)` is the wrong part. */
  readonly start: number
  readonly end: number

  constructor(
    error: Pick<BackupError, 'code' | 'message' | 'hint'>,
    part: { readonly text: string; readonly field: string | null; readonly start: number; readonly end: number },
  ) {
    super(error.code, error.message, error.hint)
    this.text = part.text
    this.field = part.field
    this.start = part.start
    this.end = part.end
  }

  /** The text, and below it a line that points at the part. Of a long one, what stands around the part. */
  pointing(): readonly [string, string] {
    const before = printable(this.text.slice(0, this.start))
    const part = printable(this.text.slice(this.start, this.end))
    const cut = Math.max(0, before.length - longestPrefix)
    const lead = cut === 0 ? before : `…${before.slice(cut + 1)}`
    const line = `${lead}${part}${printable(this.text.slice(this.end))}`
    const shown = line.length > longestText ? `${line.slice(0, longestText - 1)}…` : line
    const marks = '^'.repeat(Math.max(1, Math.min(part.length, shown.length - lead.length)))
    return [shown, `${' '.repeat(lead.length)}${marks}`]
  }
}
