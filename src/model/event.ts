/** What a run tells while it runs: one JSON object a line in runs/<id>.ndjson and, with --json, on stdout. */

export const runKinds = [
  'create',
  'restore',
  'verify',
  'rebuild',
  'keys-add',
  'delete',
  'cleanup',
  'consolidate',
  'pin',
  'unpin',
  'drill',
  'undo',
] as const
export type RunKind = (typeof runKinds)[number]
export type RunOutcome = 'done' | 'warnings' | 'failed' | 'interrupted'

export interface Progress {
  readonly doneBytes: number
  /** Null while the total is not known yet. */
  readonly totalBytes: number | null
  readonly doneEntries: number
  readonly totalEntries: number | null
}

export type RunEventBody =
  | {
      readonly kind: 'started'
      readonly command: RunKind
      readonly pid: number
      readonly host: string
      readonly about: string
    }
  | { readonly kind: 'phase'; readonly phase: string; readonly service?: string }
  | ({ readonly kind: 'progress' } & Progress)
  | { readonly kind: 'notice'; readonly message: string }
  | { readonly kind: 'warning'; readonly message: string; readonly path?: string; readonly pathB64?: string }
  | { readonly kind: 'committed'; readonly backup: string }
  | {
      readonly kind: 'finished'
      readonly outcome: RunOutcome
      readonly exitCode: number
      readonly durationMs: number
      readonly report?: unknown
      readonly error?: { readonly code: string; readonly message: string; readonly hint?: string }
    }

/** `at` is ISO 8601 UTC. */
export type RunEvent = { readonly run: string; readonly at: string } & RunEventBody

/** Hears every event of a run, in order. */
export type Narrator = (event: RunEventBody) => void
