export interface PinOptions {
  readonly backup: string
  /** Why the law wants it kept, kept in clear; null for a plain pin. */
  readonly legalHold: string | null
}

export interface UnpinOptions {
  readonly backup: string
  /** The backup's whole id, without which no legal hold is lifted. */
  readonly confirm: string | null
}

export interface PinOutcome {
  readonly exitCode: number
  readonly run: string
  readonly id: string
  /** As it is now. */
  readonly pinned: boolean
  readonly legalHold: string | null
  /** False where it was so before. */
  readonly changed: boolean
}
