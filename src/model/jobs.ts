import type { CleanupOrder } from './cleanup.ts'
import type { CreateOptions } from './create.ts'
import type { DrillOptions } from './drill.ts'
import type { Progress, RunEvent, RunKind, RunOutcome } from './event.ts'
import type { VerifyOptions } from './verify.ts'

/**
 * Long deeds in processes of their own, which go on when whoever started them is gone, and the logs of all runs,
 * whoever started those. A job is a run like any other: its log is runs/<run>.ndjson.
 */
export interface Jobs {
  /**
   * Starts a job in a process with a session of its own: neither the end of this process nor that of its terminal
   * reaches it. Resolves as soon as its run exists; from then on `follow` tells what becomes of it. Where a passphrase
   * is needed, the one that was typed here is used, or a person is asked.
   *
   * @throws what the deed throws before its run exists: E_USAGE, E_KEY_MISSING, E_PLAN_EXPIRED, E_PLAN_DRIFTED, …;
   * E_INTERRUPTED where `signal` aborts before; E_INTERNAL where the process died before. No job runs then.
   */
  start(request: JobRequest, signal: AbortSignal, terms?: JobTerms): Promise<{ readonly run: string }>
  /** Newest first. Only the logs of the runs given are opened, however many there are. @throws E_IO. */
  runs(query: RunQuery): Promise<readonly RunSummary[]>
  /**
   * Every event of a run, from its log's first to its last, and then each as it comes, until the run has ended or died.
   * Its summary then; null where `signal` ended the following, which does nothing to the run.
   *
   * @throws E_UNKNOWN_ID, E_IO.
   */
  follow(run: string, listen: (event: RunEvent) => void, signal: AbortSignal): Promise<RunSummary | null>
  /** The events a run's log has now, without waiting for more. @throws E_UNKNOWN_ID, E_IO. */
  read(run: string, listen: (event: RunEvent) => void): Promise<RunSummary>
  /** Where a run's log lies: one JSON object a line. @throws E_UNKNOWN_ID. */
  logFile(run: string): string
  /**
   * Asks the run's process to stop cleanly, as Ctrl-C would; it ends as `interrupted`. Resolves once it was asked, or
   * where the run has ended already. Only the process that holds the lock of the run's log is ever signalled.
   *
   * @throws E_UNKNOWN_ID, E_BUSY where the run lives but its process cannot be reached from here.
   */
  cancel(run: string): Promise<void>
  /** Ends the run's process at once, as SIGKILL does, for one that does not heed `cancel`. @throws the same. */
  kill(run: string): Promise<void>
  /** A file for a plan that is to be handed to a job (`PlannedRestore.save`), named after the plan. It is not made. */
  planFile(plan: string): string
}

export interface JobTerms {
  /** The id its run gets, for whoever must know it before there is a process. */
  readonly run: string
  /** The descriptor of a lock that the job holds from before its process exists until that is gone, however it goes. */
  readonly lock: number
  /** Ends a process that has no run yet and does not end by itself when it is called off. */
  readonly kill?: AbortSignal
}

export type JobRequest =
  | { readonly kind: 'create'; readonly options: CreateOptions }
  | {
      readonly kind: 'restore'
      /** The file of a saved plan: exactly that is done. */
      readonly plan: string
      /** How old the plan may be; null is the 15 minutes every plan has. */
      readonly ttlMs: number | null
      readonly workers: number | null
      /** Whether the file is removed once its run exists, or will not exist. */
      readonly removePlan: boolean
    }
  | { readonly kind: 'verify'; readonly options: VerifyOptions }
  | { readonly kind: 'drill'; readonly options: DrillOptions }
  | { readonly kind: 'consolidate'; readonly backup: string }
  /** Deletes for good. `backup` is a whole id. */
  | { readonly kind: 'delete'; readonly backup: string }
  | { readonly kind: 'cleanup'; readonly order: CleanupOrder }
  /** Runs a schedule now. */
  | { readonly kind: 'schedule'; readonly id: string }

export interface RunQuery {
  readonly limit: number
  /** Only runs older than this one, for the next page; null begins with the newest. */
  readonly before: string | null
  /** Null is every kind. */
  readonly kinds: readonly RunKind[] | null
}

/** `died`: its process ended without a word, by SIGKILL or with its machine. */
export type RunState = RunOutcome | 'running' | 'died'

/** What a run's log says of it. */
export interface RunSummary {
  readonly id: string
  readonly kind: RunKind
  readonly state: RunState
  /** ISO 8601 UTC. */
  readonly startedAt: string
  /** Null while it runs; for a run that died, its last sign of life. */
  readonly endedAt: string | null
  readonly durationMs: number | null
  readonly exitCode: number | null
  /** One line on what it is about: services, a backup and a target. Empty where the log was never begun. */
  readonly about: string
  readonly host: string
  readonly pid: number | null
  /** The newest of its phases, and how far it came; null before the first. Known of a running and of a dead run. */
  readonly phase: string | null
  readonly progress: Progress | null
  /** The backup it made visible, if it did. */
  readonly committed: string | null
  /** As the run told it; its shape depends on the kind. */
  readonly report: unknown
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null
  /** Of a run that died: what that means for what it worked on, and what to do. Null for all others. */
  readonly meaning: string | null
}
