import { BackupError } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { RefuseReason, RestoreStep } from '../../model/restore.ts'
import type { PlanHeader } from '../../model/restore-plan.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { Lineage, LostPage } from '../archive/lineage.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import { OwnerMap } from '../plan/owner-map.ts'
import { PathChoices } from '../plan/path-choices.ts'
import { type Directory, noDirectory, RestorePaths } from '../plan/restore-paths.ts'
import {
  belowOf,
  decideDirectory,
  decideLeaf,
  isUnsafe,
  type RestorePolicy,
  refusal,
  type Seen,
  unusableEntry,
} from '../plan/restore-plan.ts'
import { ContentHolders } from './content-holders.ts'
import { EarlierWork } from './earlier-work.ts'
import { Extras } from './extras.ts'
import { LinkGroups } from './link-groups.ts'
import type { Looked } from './look.ts'
import { OpenDirectories, type OpenPlace } from './open-directories.ts'
import { findPlaces, type Places } from './places.ts'
import { planHeader } from './plan-header.ts'
import { compareItems, hasNoContent, type PlanItem, planItem, writtenAnew } from './plan-item.ts'
import { PlanTally } from './plan-tally.ts'
import type { PrepareOptions, RestorePlan, RestoreRequest } from './request.ts'
import type { PathSelector } from './select-paths.ts'
import { SpoolWriter } from './spool.ts'
import { StepBook } from './step-book.ts'
import { closeDirectories, foldsCase, openPlaces } from './target.ts'
import { TargetView } from './target-view.ts'
import { mergedLines, type TocLine, withOwner } from './toc-lines.ts'

/** Entries looked at before their contents are compared, all together, in the workers. */
const sliceEntries = 1024

/**
 * Reads the tables of contents, looks at the target, and decides what becomes of every entry. Nothing but the spool
 * is written. Memory does not grow with the number of entries, but for names of files with hard links.
 *
 * @throws E_TARGET, E_DAMAGED, E_IO, E_INTERRUPTED.
 */
export async function prepareRestore(
  files: Files,
  pool: WorkerPool,
  request: RestoreRequest,
  spoolPath: BytePath,
  options: PrepareOptions,
): Promise<RestorePlan> {
  const lineages = request.archives.map(({ lineage }) => lineage)
  const places = findPlaces(
    files,
    request.target,
    lineages.map(({ top }) => top.root),
    request.repositoryRoot,
  )
  const spool = new SpoolWriter(files, spoolPath)
  let open: readonly OpenPlace[] = []
  try {
    open = openPlaces(files, places.targetIsNew ? [] : places.places)
    const preparation = new Preparation(files, pool, request, places, open, spool)
    await preparation.run(lineages, options)
    spool.flush()
    return { header: preparation.header(), spoolPath, holders: preparation.holders }
  } catch (error) {
    files.removeFile(spoolPath)
    throw error
  } finally {
    spool.close()
    await closeDirectories(files, pool, open)
  }
}

class Preparation {
  readonly #pool: WorkerPool
  readonly #request: RestoreRequest
  readonly #places: Places
  readonly #open: readonly OpenPlace[]
  readonly #directories: OpenDirectories
  readonly #target: TargetView
  readonly #paths: RestorePaths
  readonly #policy: Omit<RestorePolicy, 'conflict' | 'byHand'>
  readonly #choices: PathChoices
  readonly #owners: OwnerMap
  readonly #earlier: EarlierWork | null
  /** Null where what the backup does not have is left alone. */
  readonly #extras: Extras | null
  readonly #tally: PlanTally
  readonly #book: StepBook
  #links = new LinkGroups([])
  readonly #holders: ContentHolders
  #slice: PlanItem[] = []

  constructor(
    files: Files,
    pool: WorkerPool,
    request: RestoreRequest,
    places: Places,
    open: readonly OpenPlace[],
    spool: SpoolWriter,
  ) {
    this.#pool = pool
    this.#request = request
    this.#places = places
    this.#open = open
    this.#directories = new OpenDirectories(files, open)
    const time = request.now.replace(/[-:]/g, '').replace(/\.\d+/, '')
    const isRoot = request.user.uid === 0
    this.#policy = { isRoot, time }
    const target = new TargetView(files, this.#directories, isRoot, time)
    this.#target = target
    this.#paths = new RestorePaths({
      ...places,
      look: (path: BytePath) => target.directory(path),
      caseInsensitive: open.some(({ fd }) => foldsCase(files, fd)),
    })
    this.#choices = new PathChoices(request.conflict, request.choices)
    this.#owners = new OwnerMap(request.owners ?? [])
    const roots = request.archives.map(({ lineage }) => lineage.top.root)
    const select: PathSelector = (path, isDirectory) => this.#isWanted(path, isDirectory)
    const below = { roots, select, forbidden: places.forbidden }
    const { earlier = null } = request
    this.#earlier = earlier === null ? null : new EarlierWork(earlier, target, this.#paths)
    this.#extras = request.deleteExtra === true ? new Extras(files, this.#directories, below) : null
    this.#tally = new PlanTally(
      files,
      this.#directories,
      places,
      request.user,
      request.saves ? request.repositoryRoot : null,
    )
    this.#book = new StepBook(spool, this.#tally)
    this.#holders = new ContentHolders(request.archives, this.#tally)
  }

  async run(lineages: readonly Lineage[], { signal, onProgress }: PrepareOptions): Promise<void> {
    try {
      this.#links = new LinkGroups(lineages)
      const total = lineages.reduce((sum, { top }) => sum + top.root.toc.n, 0)
      let done = 0
      for (const toc of mergedLines(lineages, (archive, page) => this.#lose(archive, page))) {
        await this.#takeExtras(toc.entry.path, signal)
        await this.#takeBack(toc.entry.path, signal)
        if (this.#earlier?.isNotOfBefore(toc) !== true)
          this.#consider(withOwner(this.#earlier?.asItWas(toc) ?? toc, this.#owners))
        done++
        if (done % sliceEntries !== 0) continue
        await this.#decideSlice(signal)
        onProgress?.(done, total)
        signal.throwIfAborted()
      }
      await this.#takeExtras(null, signal)
      await this.#takeBack(null, signal)
      await this.#decideSlice(signal)
      onProgress?.(done, total)
    } catch (error) {
      if (signal.aborted) throw new BackupError('E_INTERRUPTED', 'the restore was interrupted before it began')
      throw error
    } finally {
      this.#directories.close()
    }
  }

  get holders(): RestorePlan['holders'] {
    return this.#holders.used
  }

  header(): PlanHeader {
    const summary = this.#tally.summary(this.#owners.notes)
    const notes = [...summary.notes, ...(this.#extras?.notes ?? [])]
    return planHeader(this.#request, this.#places, { ...summary, notes }, this.#choices.unseen)
  }

  /** What stands before the next entry's path and is not in the backup. */
  async #takeExtras(next: BytePath | null, signal: AbortSignal): Promise<void> {
    if (this.#extras === null) return
    for (const { step, directory, allocatedBytes } of this.#extras.before(next)) {
      if (step.kind === 'remove' && this.#earlier?.hasMade(step.path) === true) continue // written beside a file
      await this.#take(planItem(directory, { step, allocatedBytes }), signal)
    }
  }

  /** Of a restore that is taken back, what no backup has: what it made where nothing stood, and times of directories. */
  async #takeBack(next: BytePath | null, signal: AbortSignal): Promise<void> {
    if (this.#earlier === null) return
    for (const one of this.#earlier.takenBack(next)) await this.#take(planItem(one.parent, one), signal)
  }

  async #take(item: PlanItem, signal: AbortSignal): Promise<void> {
    this.#slice.push(item)
    if (this.#slice.length % sliceEntries !== 0) return
    await this.#decideSlice(signal)
    signal.throwIfAborted()
  }

  /** Everything that the path, the entry and the directories say; contents are compared later. */
  #consider(toc: TocLine): void {
    const { entry, archive } = toc
    const { path } = entry
    const isDirectory = entry.type === 'directory'
    this.#choices.see(path)
    const verdict = this.#paths.judge(path, archive, isDirectory)
    if (verdict.kind === 'own' || verdict.kind === 'covered') return
    if (verdict.kind === 'refused') {
      // What may not even be named cannot be selected either: it is always told.
      const unsafe = isUnsafe(verdict.because)
      if (unsafe || this.#isWanted(path, isDirectory)) this.#add(toc, noDirectory, refusal(path, verdict.because))
      return
    }
    const { parent } = verdict
    if (!this.#isWanted(path, isDirectory)) {
      if (isDirectory) this.#paths.descend(path, parent, null)
      return
    }
    const refused =
      this.#paths.resolve(parent) ??
      unusableEntry(entry, toc.listedOutside, this.#policy.isRoot) ??
      this.#holders.unreadable(toc)
    if (isDirectory) this.#considerDirectory(toc, parent, refused)
    else if (refused !== null) this.#add(toc, parent, refusal(path, refused))
    else {
      const looked = this.#look(entry, parent)
      const written = this.#earlier?.written(path) ?? null
      const beside = this.#earlier?.writtenBeside(path) ?? null
      const policy = this.#policyFor(entry, beside !== null)
      const allocatedBytes = looked?.allocatedBytes ?? 0
      const isFile = entry.type === 'file' || entry.type === 'hardlink'
      const last = isFile && (written?.last ?? this.#request.last?.(path, false) ?? false)
      this.#slice.push(planItem(parent, { toc, policy, looked, written, beside, last, allocatedBytes }))
    }
  }

  #isWanted(path: BytePath, isDirectory: boolean): boolean {
    return this.#request.select(path, isDirectory) && !this.#choices.isSkipped(path)
  }

  #policyFor(entry: TocEntry, isBeside = false): RestorePolicy {
    const chosen = this.#choices.conflictAt(entry.path)
    // What an interrupted attempt has made is its own to finish; only files are whole as soon as they have their name.
    if (entry.type !== 'file' && this.#earlier?.hasMade(entry.path) === true)
      return { ...this.#policy, conflict: 'overwrite', byHand: false }
    if (chosen.conflict === 'rename' && isBeside) return { ...this.#policy, conflict: 'keep', byHand: false }
    return { ...this.#policy, ...chosen }
  }

  /** Nobody knows what a lost page lists: it counts as refused, under its first name. */
  #lose(_archive: number, { first, next, entries, error }: LostPage): void {
    this.#tally.lose(first, next, entries, error.message)
    this.#extras?.lose()
  }

  #considerDirectory(toc: TocLine, parent: Directory, refused: RefuseReason | null): void {
    const { entry } = toc
    const looked = refused === null ? this.#look(entry, parent) : null
    const seen = looked === null ? null : { ...looked.seen, sameContent: true }
    const step = refused === null ? this.#decideDirectory(entry, seen) : refusal(entry.path, refused)
    const because = step.kind === 'refuse' ? belowOf(step.because, seen?.type === 'symlink') : null
    const directory = this.#paths.descend(entry.path, parent, { isNew: seen === null, refused: because })
    directory.planned = step.kind === 'make-directory'
    const { conflict, byHand } = this.#choices.conflictAt(entry.path)
    const stays = byHand && conflict !== 'overwrite' // whoever looked at it and keeps it keeps what is in it
    if (seen !== null && because === null && !stays) this.#extras?.enter(directory)
    this.#add(toc, parent, step, this.#earlier?.hasMade(entry.path) === true)
  }

  #add(toc: TocLine, parent: Directory, step: RestoreStep, isOwn = false): void {
    this.#slice.push(planItem(parent, { toc, step, isOwn }))
  }

  async #decideSlice(signal: AbortSignal): Promise<void> {
    const slice = this.#slice
    this.#slice = []
    const takesBack = this.#request.earlier?.kind === 'taken-back'
    for (const { item, isSame, isAsWritten } of await compareItems(
      this.#pool,
      this.#request.id,
      this.#open,
      slice,
      signal,
    )) {
      const step = item.step ?? this.#decideLeaf(item, isSame)
      this.#book.write(item, step, item.isOwn || (takesBack && (isSame || isAsWritten || hasNoContent(step))))
    }
  }

  #decideDirectory(entry: TocEntry, seen: Seen | null): RestoreStep {
    const step = decideDirectory(entry, seen, this.#policyFor(entry))
    const isToFinish = step.kind === 'unchanged' && this.#earlier?.hasMade(entry.path) === true
    return isToFinish ? { kind: 'set-attributes', entry, replaces: step.replaces } : step
  }

  #decideLeaf({ toc, policy, looked, last, beside }: PlanItem, sameContent: boolean): RestoreStep {
    if (toc === null || policy === null) throw new BackupError('E_INTERNAL', 'a path was planned without an entry')
    const { entry } = toc
    const source = this.#links.sourceOf(toc)
    const isAnothers = looked !== null && this.#links.isAnothers(toc, looked.seen)
    const seen = looked === null ? null : { ...looked.seen, sameContent, isAnothers }
    const decided = decideLeaf(entry, seen, policy, source, () => this.#target.freeBeside(entry))
    // Taken away before all others, it has to be written whatever it was.
    const step = last ? writtenAnew(decided, source) : decided
    this.#links.decided(toc, step, seen, beside)
    return step
  }

  #look(entry: TocEntry, parent: Directory): Looked | null {
    return parent.isNew === true ? null : this.#target.entry(entry)
  }
}
