import type { During } from './during.ts'
import type { BytePath } from './path.ts'
import type { FileType } from './ports.ts'
import type { ConflictMode, PathChoice, PlanCounts, RestoreStepKind } from './restore.ts'
import type { ChosenBy, OwnerRule } from './restore-plan.ts'
import type { TocEntry } from './toc.ts'

/** A restore as it is asked for, planned, looked at and done. */

export interface RestoreOptions {
  readonly source:
    | {
        readonly kind: 'backup'
        readonly backup: string
        readonly services: readonly string[]
        readonly paths: readonly string[]
      }
    | {
        /** Of every service, or of those named, the newest sound backup at or before the time. */
        readonly kind: 'at'
        readonly time: string
        readonly services: readonly string[]
        readonly paths: readonly string[]
      }
    /** The newest sound backup that holds the path, and of it only that. */
    | { readonly kind: 'last'; readonly path: string; readonly services: readonly string[] }
    | { readonly kind: 'plan'; readonly file: string; readonly ttlMs: number | null }
    /** What an interrupted restore has not done yet; null is the last one that was. All else that is asked for is its own. */
    | { readonly kind: 'resume'; readonly restore: string | null }
  /** Ignored with a saved plan. Null is the new directory ./restore-<id>. */
  readonly target: { readonly kind: 'directory'; readonly path: string } | { readonly kind: 'in-place' } | null
  readonly conflict: ConflictMode | null
  /**
   * By stored path, what is decided for it and all below it, up to the next choice; over `conflict`, under `source.paths`.
   * The empty path is all: `skip` for it and `restore` for some restores these and nothing else. Ignored with a saved plan,
   * which holds its own.
   */
  readonly choices?: ReadonlyMap<BytePath, PathChoice>
  /** `FROM=TO` of users and groups, as ownerRules reads them. Ignored with a saved plan, which holds its own. */
  readonly owners?: readonly string[]
  /** What stands in restored directories and is not in the backup is removed. Ignored with a saved plan, which says it. */
  readonly deleteExtra?: boolean
  /**
   * gitignore patterns of files that are written after all others are on disk, and taken away before any of them is
   * replaced: those without which a service does not start. Ignored with a saved plan, which says it.
   */
  readonly last?: readonly string[]
  /** False: what is replaced or deleted is not saved before, and nothing puts it back. Ignored with a saved plan. */
  readonly undo?: boolean
  readonly workers: number | null
}

/** How the backups of a restore were found, and what each of them is from that. */
export interface ChosenBackups {
  readonly by: ChosenBy['by']
  /** ISO 8601 UTC: the time asked for, or for `last` when the plan was made. */
  readonly at: string
  readonly text: string
  readonly path: BytePath | null
  readonly backups: readonly {
    readonly service: string
    readonly backup: string
    readonly createdAt: string
    /** How long before `at` it was made. */
    readonly distanceMs: number
  }[]
  /** Services that are left out: they have no sound backup that old. `firstAt`: when their oldest one was made. */
  readonly lacking: readonly { readonly service: string; readonly firstAt: string | null }[]
  /** Newer backups that are damaged: a sentence for each. */
  readonly passedOver: readonly string[]
}

export interface TargetLook {
  /** Absolute, for people. */
  readonly path: string
  /** `used`: there is something in it. */
  readonly state: 'new' | 'empty' | 'used'
  /** Of the file system it lies on, or will; null where that cannot be told. */
  readonly freeBytes: number | null
}

export interface PlannedRestore {
  readonly id: string
  readonly hash: string
  /** Where they are several, the newest. */
  readonly backup: string
  /** Null or absent where somebody named the backup. */
  readonly chosen?: ChosenBackups | null
  /** Id of the restore it takes back; null or absent where it takes none back. */
  readonly undoes?: string | null
  /** Id of the interrupted restore it goes on with; null or absent where it is a new one. */
  readonly resumes?: string | null
  /** What is saved before anything is changed; null or absent where nothing is, and nothing can be taken back. */
  readonly saves?: { readonly entries: number; readonly bytes: number } | null
  readonly services: readonly string[]
  readonly target: string
  readonly inPlace: boolean
  readonly conflict: ConflictMode
  readonly counts: PlanCounts
  readonly bytesToWrite: number
  /** At most the first thousand; counts.refuse has them all. */
  readonly refused: readonly { readonly path: BytePath; readonly because: string }[]
  readonly notices: readonly string[]
  /** The first steps that change something, for people to look at. */
  readonly sample: readonly { readonly kind: string; readonly path: BytePath; readonly bytes: number }[]
  readonly choices: ReadonlyMap<BytePath, PathChoice>
  /** Absent or empty where owners stay who they are. */
  readonly owners?: readonly OwnerRule[]
  /** ISO 8601 UTC: until then a saved plan is applied without --plan-ttl. */
  readonly expiresAt: string
  /** Every file system that is written to, by a directory on it; `freeBytes` as they are now, null where that cannot be told. */
  readonly space: readonly { readonly at: string; readonly neededBytes: number; readonly freeBytes: number | null }[]
  /**
   * Some of the steps, in the order of paths; the plan as it is held, until it is applied or dropped.
   *
   * @throws E_USAGE where the page cannot be, E_PLAN_ALTERED where what is held is damaged, E_IO.
   */
  steps(query: StepQuery): Promise<StepPage>
  save(file: string): Promise<void>
  /** Does exactly what the plan says. */
  apply(during: During): Promise<RestoreOutcome>
  drop(): Promise<void>
}

export interface StepQuery {
  /** Number of the first step wanted, among those that match. */
  readonly from: number
  readonly count: number
  /** Steps that the plan's counts count as one of these; null is all. */
  readonly actions: readonly (keyof PlanCounts)[] | null
  /** Part of the path as displayPath shows it, in any case; null is all. */
  readonly text: string | null
}

export interface StepPage {
  readonly steps: readonly PlannedStep[]
  /**
   * How many match. Directories that are only made on the way are not among them, nor are entries whose names are lost,
   * which `counts.refuse` has.
   */
  readonly total: number
}

export interface PlannedStep {
  readonly action: keyof PlanCounts
  readonly kind: RestoreStepKind
  /** As stored. */
  readonly path: BytePath
  /** Bytes it writes. */
  readonly bytes: number
  /** The name it gets, for `write-beside`. */
  readonly as: BytePath | null
  /** Why it is kept or refused. */
  readonly because: string | null
  /** What the backup has; null for what is kept, unchanged or refused, but for directories. */
  readonly stored: Standing<TocEntry['type']> | null
  /** What stands there; null where nothing does, and for what is refused. */
  readonly standing: Standing<FileType> | null
}

export interface Standing<Type> {
  readonly type: Type
  readonly sizeBytes: number
  readonly mtimeNs: bigint
}

export interface RestoreOutcome {
  readonly exitCode: number
  readonly id: string
  readonly plan: string
  readonly target: string
  readonly written: number
  readonly unchanged: number
  readonly kept: number
  readonly deleted: number
  readonly refused: number
  readonly damaged: readonly BytePath[]
  readonly bytes: number
  /** Whether `holdfast undo` can put back what was replaced. */
  readonly undo: boolean
  readonly durationMs: number
  readonly warnings: number
}

/** What was to be restored and is left out or older than it could be, a warning for each: then it ends with exit 3. */
export function choiceWarnings(chosen: ChosenBackups | null): string[] {
  const lacking = (chosen?.lacking ?? []).map(({ service, firstAt }) => {
    const why = firstAt === null ? 'it has none' : `its first sound one is of ${firstAt}`
    return `${service} is not restored: no sound backup of it lies at or before ${chosen?.text}; ${why}`
  })
  return [...(chosen?.passedOver ?? []), ...lacking]
}
