import type { RunEvent } from './event.ts'

/** What a long deed needs from its caller. */
export interface During {
  readonly signal: AbortSignal
  listen(event: RunEvent): void
}
