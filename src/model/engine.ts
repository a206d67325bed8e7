import type { BrowseOptions, Browser } from './browse.ts'
import type { CleanupOrder, CleanupOutcome, CleanupRules, PlannedCleanup } from './cleanup.ts'
import type { CreateOptions, CreateOutcome, Estimate, EstimateOptions, Estimating } from './create.ts'
import type { DeleteOutcome, DeletePlan } from './delete.ts'
import type { Change, DiffOptions, DiffResult, DiffWatch } from './diff.ts'
import type { DrillOptions, DrillOutcome } from './drill.ts'
import type { During } from './during.ts'
import type { ExportResult, InspectOptions, InspectResult } from './inspect.ts'
import type { KeyDescription, KeysAddOptions, KeysAddResult } from './keys.ts'
import type { PinOptions, PinOutcome, UnpinOptions } from './pin.ts'
import type { PlannedRestore, RestoreOptions, TargetLook } from './planned-restore.ts'
import type { InitOptions, InitResult, ListOptions, ListResult, RebuildResult } from './repository.ts'
import type { RetentionGround } from './retention.ts'
import type {
  AddedSchedule,
  DescribedSchedule,
  Schedule,
  ScheduleDraft,
  ScheduleListing,
  ScheduleWish,
} from './schedule.ts'
import type { ScheduledOutcome } from './scheduled-run.ts'
import type { SourceListing } from './source-listing.ts'
import type { DoctorReport, StatusReport } from './status.ts'
import type { TocEntry } from './toc.ts'
import type { ListedRestore, UndoOptions } from './undo.ts'
import type { VerifyOptions, VerifyOutcome } from './verify.ts'

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
  /** Restores that have left a way back, newest first. */
  undoable(): Promise<readonly ListedRestore[]>
  /**
   * Plans to take a restore back, and changes nothing; null where there is nothing to take back. What has changed since
   * the restore is saved before it is replaced.
   *
   * @throws E_UNKNOWN_ID, E_USAGE where it has left no way back, E_ARCHIVE_MISSING where what it had saved is gone,
   * E_BUSY while it is under way, E_PLAN_ALTERED where its record was changed.
   */
  planUndo(options: UndoOptions, during: During): Promise<PlannedRestore | null>
  /** @throws E_UNKNOWN_ID, E_ARCHIVE_MISSING, E_USAGE where none is named: before anything is begun. */
  verify(options: VerifyOptions, during: During): Promise<VerifyOutcome>
  /**
   * A timed restore into a scratch place, compared and checked, and noted in `drills.ndjson`.
   * @throws E_UNKNOWN_ID, E_UNKNOWN_SERVICE, E_KEY_MISSING, E_TARGET, E_NO_SPACE, and what a restore throws.
   */
  drill(options: DrillOptions, during: During): Promise<DrillOutcome>
  /** A backup of the same content that depends on nothing, from archives alone; null where it does not already. */
  consolidate(options: { readonly backup: string }, during: During): Promise<CreateOutcome | null>
  /** What deleting a backup would do. Nothing that another backup needs can be deleted. */
  planDelete(backup: string): Promise<DeletePlan>
  delete(backup: string, during: During): Promise<DeleteOutcome>
  /** What a cleanup by these rules would do now. Nothing is changed. @throws E_DAMAGED where schedules.json cannot be read. */
  planCleanup(rules: CleanupRules): Promise<PlannedCleanup>
  /**
   * Decides anew, marks what goes later, and deletes what goes now. Killed half way, the next one goes on. What is in
   * use or was pinned meanwhile stays, and is told.
   */
  cleanup(order: CleanupOrder, during: During): Promise<CleanupOutcome>
  /** Nothing deletes a pinned backup, by hand or by itself. Pinning what is pinned changes nothing. */
  pin(options: PinOptions, during: During): Promise<PinOutcome>
  unpin(options: UnpinOptions, during: During): Promise<PinOutcome>
  /** What is to be done again and again. @throws E_DAMAGED where schedules.json cannot be read. */
  schedules(): Promise<ScheduleListing>
  /**
   * Adds a schedule, or changes the one of its id: `as` says which was meant.
   *
   * @throws E_USAGE for a draft that is none or never runs, an id that is taken, and one of the configuration;
   * E_UNKNOWN_ID; E_UNKNOWN_SERVICE; E_DAMAGED.
   */
  saveSchedule(draft: ScheduleDraft, as: 'new' | 'changed'): Promise<Schedule>
  /** Gives the schedule that is no more. Its backups stay. @throws E_UNKNOWN_ID, E_USAGE for one of the configuration, E_DAMAGED. */
  removeSchedule(id: string): Promise<Schedule>
  /** The same schedules with what their times mean. @throws E_DAMAGED. */
  describeSchedules(): Promise<readonly DescribedSchedule[]>
  /**
   * Adds a schedule; the repository is made where there is none, as a create does. Without a name, its id is one that
   * nobody has. @throws E_USAGE, E_UNKNOWN_SERVICE, E_KEY_MISSING, E_DAMAGED.
   */
  addSchedule(wish: ScheduleWish): Promise<AddedSchedule>
  /**
   * Lets a schedule run by itself, or rest. What it left out meanwhile was not missed.
   * @throws E_UNKNOWN_ID, E_USAGE for one of the configuration, E_DAMAGED.
   */
  enableSchedule(
    id: string,
    enabled: boolean,
  ): Promise<{ readonly schedule: DescribedSchedule; readonly changed: boolean }>
  /**
   * The create or the drill that a schedule stands for, now; also where it is switched off. It is noted with the
   * schedule's runs.
   * @throws E_UNKNOWN_ID, E_BUSY where somebody runs this schedule, E_DAMAGED, and what a create or a drill throws.
   */
  runSchedule(id: string, during: During): Promise<ScheduledOutcome>
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
