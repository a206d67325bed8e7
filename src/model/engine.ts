import type { CatalogEntry, Manifest, ManifestDetails } from './backup.ts'
import type { BrowseOptions, Browser } from './browse.ts'
import type { SettingOrigin } from './configuration.ts'
import type { RunEvent } from './event.ts'
import type { Compression } from './format.ts'
import type { BytePath } from './path.ts'
import type { FileType } from './ports.ts'
import type { ConflictMode, PathChoice, PlanCounts, RestoreStepKind } from './restore.ts'
import type { RetentionGround } from './retention.ts'
import type { Schedule, ScheduleDraft, ScheduleListing } from './schedule.ts'
import type { SourceListing } from './source-listing.ts'
import type { TocEntry } from './toc.ts'

/**
 * Everything the product can do, as the command line and the console see it. One call is one deed; errors are
 * BackupErrors; what takes long tells events and heeds the signal.
 */

export interface Engine {
  init(options: InitOptions): Promise<InitResult>
  create(options: CreateOptions, during: During): Promise<CreateOutcome>
  /** What a create would take, counted by the same walk; nothing is written and no content is read. */
  estimate(options: EstimateOptions, during: Estimating): Promise<Estimate>
  /** What a create can be asked for. Nothing is walked, and there need not be a repository. */
  sources(): Promise<SourceListing>
  list(options: ListOptions): Promise<ListResult>
  inspect(options: InspectOptions, take: (service: string, entry: TocEntry) => Promise<void>): Promise<InspectResult>
  /** Bytes of one file, verified against their hash before the first of them is handed out. */
  cat(
    options: { readonly backup: string; readonly path: string; readonly services: readonly string[] },
    take: (bytes: Uint8Array) => Promise<void>,
  ): Promise<void>
  /** Opens a backup to look around in it. @throws E_KEY_MISSING where it is encrypted and there is no key. */
  browse(options: BrowseOptions): Promise<Browser>
  /** Changes in the order of paths, one service after another. @throws E_INTERRUPTED where `watch` aborts. */
  diff(options: DiffOptions, take: (change: Change) => Promise<void>, watch?: DiffWatch): Promise<DiffResult>
  /** What stands where a restore would go. @throws E_TARGET where it is no directory, or lies inside the repository; E_IO. */
  lookAtTarget(path: string): Promise<TargetLook>
  /** Plans a restore and changes nothing. The plan is held until it is applied or dropped. */
  planRestore(options: RestoreOptions, during: During): Promise<PlannedRestore>
  /** @throws E_UNKNOWN_ID, E_ARCHIVE_MISSING, E_USAGE where none is named: before anything is begun. */
  verify(options: VerifyOptions, during: During): Promise<VerifyOutcome>
  /** A backup of the same content that depends on nothing, from archives alone; null where it does not already. */
  consolidate(options: { readonly backup: string }, during: During): Promise<CreateOutcome | null>
  /** What deleting a backup would do. Nothing that another backup needs can be deleted. */
  planDelete(backup: string): Promise<DeletePlan>
  delete(backup: string, during: During): Promise<DeleteOutcome>
  /** Nothing deletes a pinned backup, by hand or by itself. Pinning what is pinned changes nothing. */
  pin(options: PinOptions, during: During): Promise<PinOutcome>
  unpin(options: UnpinOptions, during: During): Promise<PinOutcome>
  /** What is to be done again and again. @throws E_DAMAGED where schedules.json cannot be read. */
  schedules(): Promise<ScheduleListing>
  /**
   * Adds a schedule, or changes the one of its id: `as` says which was meant.
   *
   * @throws E_USAGE for a draft that is none, an id that is taken, and one of the configuration; E_UNKNOWN_ID;
   * E_UNKNOWN_SERVICE; E_DAMAGED.
   */
  saveSchedule(draft: ScheduleDraft, as: 'new' | 'changed'): Promise<Schedule>
  /** Gives the schedule that is no more. Its backups stay. @throws E_UNKNOWN_ID, E_USAGE for one of the configuration, E_DAMAGED. */
  removeSchedule(id: string): Promise<Schedule>
  /** What decides which backups stay; nothing is changed. */
  retention(): Promise<RetentionGround>
  rebuild(during: During): Promise<RebuildResult>
  status(): Promise<StatusReport>
  doctor(): Promise<DoctorReport>
  keysList(): Promise<readonly KeyDescription[]>
  keysAdd(options: KeysAddOptions, during: During): Promise<KeysAddResult>
  /** The backup as one tar of its directory, with the recovery scripts. `take` gets it in order. */
  exportBackup(options: { readonly backup: string }, take: (bytes: Uint8Array) => Promise<void>): Promise<ExportResult>
}

export interface DeletePlan {
  readonly backup: CatalogEntry
  readonly freedBytes: number
}

export interface DeleteOutcome {
  readonly exitCode: number
  readonly run: string
  readonly id: string
  readonly freedBytes: number
}

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

/** What a long deed needs from its caller. */
export interface During {
  readonly signal: AbortSignal
  listen(event: RunEvent): void
}

export interface InitOptions {
  /** Asked for where a new passphrase is wanted; null makes a key file instead. */
  readonly passphrase: string | null
}

export interface InitResult {
  readonly root: string
  /** False where the repository was there already; then nothing was changed. */
  readonly created: boolean
  readonly encrypted: boolean
  /** The key file that was made; null where a key was given, or where nothing is encrypted. */
  readonly keyFile: string | null
  readonly configurationFile: string | null
  readonly notices: readonly string[]
}

export interface CreateOptions {
  readonly type: 'full' | 'incremental' | 'differential' | 'service'
  /** Paths of the command line, as given; empty means the configured services. */
  readonly paths: readonly string[]
  readonly services: readonly string[]
  readonly description: string
  /** Null is the configured compression. */
  readonly compression: Compression | null
  readonly exclude: readonly string[]
  readonly excludeCaches: boolean
  readonly oneFileSystem: boolean
  /** Leave out the data volumes of the services. */
  readonly withoutVolumes: boolean
  /** Believe nothing an older backup says but content that was read and compared. */
  readonly paranoid: boolean
  /** A path with nothing below it is meant so, even where it had something before. */
  readonly acceptEmpty: boolean
  /** Somebody looks at the progress: how much there is may be counted beforehand. */
  readonly estimate: boolean
}

/** What decides which entries a create takes. */
export type EstimateOptions = Pick<
  CreateOptions,
  'type' | 'paths' | 'services' | 'exclude' | 'excludeCaches' | 'oneFileSystem' | 'withoutVolumes' | 'paranoid'
>

export interface Estimating {
  /** Ends the counting within a moment, with E_INTERRUPTED. */
  readonly signal: AbortSignal
  /** What was counted so far, as it grows. */
  listen(soFar: Estimate): void
}

export interface Estimate {
  readonly entries: number
  readonly files: number
  /** Content of the files, each hard link's once. */
  readonly bytes: number
  /**
   * Of these, what an incremental or differential would read, because it is new or may have changed: at most so much is
   * stored anew. Null for other types, and where only reading would tell, where there is nothing to build upon, or where
   * that cannot be opened with what is at hand.
   */
  readonly changed: { readonly files: number; readonly bytes: number } | null
  /** Paths that cannot be looked at, or that a pattern leaves out though they were named: the create would warn. */
  readonly unreadable: number
  /** What is left out on purpose, counted by reason. */
  readonly skipped: Readonly<Record<string, number>>
  /** What the create would say of the request, in words. */
  readonly notices: readonly string[]
}

export interface CreateOutcome {
  readonly exitCode: number
  readonly run: string
  readonly backup: CatalogEntry
  readonly bytes: number
  readonly storedBytes: number
  readonly durationMs: number
  readonly warnings: number
  /** What was left out on purpose, counted by reason. */
  readonly skipped: Readonly<Record<string, number>>
}

export interface ListOptions {
  readonly type: string | null
  readonly services: readonly string[]
  /** Only backups of the last so many days; null is all. */
  readonly days: number | null
}

export interface ListResult {
  /** Newest first. */
  readonly backups: readonly CatalogEntry[]
  /** Trouble with the catalog; the list is complete all the same. */
  readonly problems: readonly string[]
}

export interface InspectOptions {
  readonly backup: string
  readonly services: readonly string[]
  /** Only this path and what lies below it. */
  readonly path: string | null
}

export interface InspectResult {
  readonly manifest: Manifest
  /** Null where the backup is encrypted and there is no key: then no entries were given either. */
  readonly details: ManifestDetails | null
  readonly entries: number
}

export interface DiffOptions {
  readonly backup: string
  readonly services: readonly string[]
  readonly against: { readonly kind: 'backup'; readonly id: string } | { readonly kind: 'live' }
}

/** For whoever waits for a comparison and may lose patience. */
export interface DiffWatch {
  readonly signal: AbortSignal
  /** Entries that were compared, of about how many. Told often. */
  progress(done: number, total: number): void
  /** Among so many changes at most, removed and added files of one content are told as one that was renamed. */
  readonly renamesAmong: number
}

export interface Change {
  readonly service: string
  readonly path: BytePath
  readonly change: 'added' | 'removed' | 'changed' | 'metadata' | 'renamed'
  /** The path it had before, for `renamed`; null for all others. */
  readonly from: BytePath | null
  readonly before: TocEntry | null
  readonly after: TocEntry | null
  /** Which attributes differ, for `metadata` and `renamed`; for `changed` why: 'type', 'content', 'size'. */
  readonly attributes: readonly string[]
}

export interface DiffResult {
  readonly from: string
  readonly to: string
  readonly counts: Readonly<Record<Change['change'], number>>
  readonly warnings: readonly string[]
}

export interface RestoreOptions {
  readonly source:
    | {
        readonly kind: 'backup'
        readonly backup: string
        readonly services: readonly string[]
        readonly paths: readonly string[]
      }
    | { readonly kind: 'plan'; readonly file: string; readonly ttlMs: number | null }
  /** Ignored with a saved plan. Null is the new directory ./restore-<id>. */
  readonly target: { readonly kind: 'directory'; readonly path: string } | { readonly kind: 'in-place' } | null
  readonly conflict: ConflictMode | null
  /**
   * By stored path, what is decided for it and all below it, up to the next choice; over `conflict`, under `source.paths`.
   * The empty path is all: `skip` for it and `restore` for some restores these and nothing else. Ignored with a saved plan,
   * which holds its own. The command line has no word for it but the saved plan.
   */
  readonly choices?: ReadonlyMap<BytePath, PathChoice>
  readonly workers: number | null
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
  readonly backup: string
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
  readonly refused: number
  readonly damaged: readonly BytePath[]
  readonly bytes: number
  /** Whether `holdfast undo` can put back what was replaced. */
  readonly undo: boolean
  readonly durationMs: number
  readonly warnings: number
}

export const verifyLevels = ['scrub', 'quick', 'full', 'restore'] as const
export type VerifyLevel = (typeof verifyLevels)[number]

export interface VerifyOptions {
  /** One or more: ids, also shortened ones, or `latest`; null for all. What is named twice is verified once. */
  readonly backups: readonly string[] | null
  readonly level: VerifyLevel
  readonly workers: number | null
}

export interface VerifyProblem {
  readonly archive: string
  readonly path: string | null
  readonly what: string
  readonly severity: 'damage' | 'warning'
}

export interface VerifyReport {
  readonly id: string
  readonly level: VerifyLevel
  readonly ok: boolean
  readonly problems: readonly VerifyProblem[]
  readonly bytes: number
  readonly durationMs: number
}

export interface VerifyOutcome {
  readonly exitCode: number
  readonly run: string
  readonly reports: readonly VerifyReport[]
  /** What this level cannot see, in words. */
  readonly blindSpot: string | null
}

export interface RebuildResult {
  readonly exitCode: number
  readonly backups: number
  readonly keptAs: string | null
  readonly problems: readonly string[]
}

export interface StatusReport {
  readonly ok: boolean
  readonly root: string
  readonly problems: readonly string[]
  readonly backups: number
  readonly services: readonly {
    readonly name: string
    readonly lastGood: string | null
    readonly lastGoodId: string | null
    readonly ageHours: number | null
    readonly rpoHours: number
    readonly overdue: boolean
    readonly backups: number
  }[]
  readonly lastGood: string | null
  /** Null: no schedules are run yet. */
  readonly nextRun: string | null
  readonly repositoryBytes: number
  readonly freeBytes: number
  /** Newest last. */
  readonly runs: readonly {
    readonly id: string
    readonly command: string
    readonly outcome: string
    readonly at: string
    readonly durationMs: number | null
  }[]
  /** Share of the last 30 runs that ended well, 0 to 1; null where there was none. */
  readonly successRate: number | null
  /** Stored bytes of the newest backups, oldest first: a trend to draw. */
  readonly trend: readonly { readonly id: string; readonly createdAt: string; readonly sizeBytes: number }[]
  readonly verified: { readonly id: string; readonly level: string; readonly at: string } | null
}

export interface DoctorReport {
  readonly ok: boolean
  readonly checks: readonly {
    readonly name: string
    readonly state: 'ok' | 'notice' | 'warning' | 'problem'
    readonly what: string
    readonly hint: string
  }[]
  readonly settings: readonly SettingOrigin[]
}

export interface KeyDescription {
  readonly kid: string
  readonly type: string
  readonly label: string
  readonly created: string
  /** The key at hand now. */
  readonly current: boolean
}

export interface KeysAddOptions {
  readonly label: string
  readonly key:
    | { readonly kind: 'new-file'; readonly path: string }
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'variable'; readonly name: string }
    | { readonly kind: 'passphrase'; readonly text: string }
}

export interface KeysAddResult {
  readonly exitCode: number
  readonly kid: string
  readonly type: string
  readonly file: string | null
  /** Archives whose headers were rewritten so that the new key opens them too. */
  readonly archives: number
  readonly problems: readonly string[]
}

export interface ExportResult {
  readonly id: string
  readonly bytes: number
}
