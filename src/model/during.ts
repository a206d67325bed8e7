import type { RunEvent } from './event.ts'

/** What a long deed needs from its caller. */
export interface During {
  readonly signal: AbortSignal
  /** The id its run gets, for a caller that must know it before; absent: a new one. */
  readonly run?: string
  listen(event: RunEvent): void
}
