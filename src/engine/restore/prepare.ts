import { BackupError } from '../../model/errors.ts'
import { type BytePath, rootPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { RefuseReason, RestoreStep } from '../../model/restore.ts'
import type { PlanHeader } from '../../model/restore-plan.ts'
import type { TocEntry } from '../../model/toc.ts'
import { holdersOf } from '../archive/holders.ts'
import type { Lineage, LostPage } from '../archive/lineage.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import { OwnerMap } from '../plan/owner-map.ts'
import { PathChoices } from '../plan/path-choices.ts'
import { type Directory, RestorePaths } from '../plan/restore-paths.ts'
import {
  belowOf,
  decideDirectory,
  decideLeaf,
  isUnsafe,
  type LinkSource,
  type RestorePolicy,
  refusal,
  sourceAfter,
  unusableEntry,
} from '../plan/restore-plan.ts'
import { type Comparison, compareContents } from './compare.ts'
import type { Looked } from './look.ts'
import { OpenDirectories, type OpenPlace } from './open-directories.ts'
import { findPlaces, type Places } from './places.ts'
import { planHeader } from './plan-header.ts'
import { PlanTally } from './plan-tally.ts'
import type { PrepareOptions, RestoreArchive, RestorePlan, RestoreRequest } from './request.ts'
import { SpoolWriter } from './spool.ts'
import { encodeStep } from './step-line.ts'
import { closeDirectories, foldsCase, openPlaces } from './target.ts'
import { TargetView } from './target-view.ts'
import { carriersOf, mergedLines, type TocLine, withOwner } from './toc-lines.ts'

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

/** An entry whose path may be used, until its step is decided. */
interface Item {
  readonly toc: TocLine
  readonly parent: Directory
  /** Known already, or decided once contents are compared. */
  readonly step: RestoreStep | null
  readonly looked: Looked | null
  comparison: Comparison | null
}

class Preparation {
  readonly #pool: WorkerPool
  readonly #request: RestoreRequest
  readonly #places: Places
  readonly #open: readonly OpenPlace[]
  readonly #spool: SpoolWriter
  readonly #directories: OpenDirectories
  readonly #target: TargetView
  readonly #paths: RestorePaths
  readonly #policy: Omit<RestorePolicy, 'conflict' | 'byHand'>
  readonly #choices: PathChoices
  readonly #owners: OwnerMap
  readonly #tally: PlanTally
  /** By archive: names that hard links refer to, and where their data stands after the restore. */
  readonly #links: Map<BytePath, LinkSource | null>[] = []
  /** By archive, the ordinals of those that hold what is restored. */
  readonly holders: Set<number>[] = []
  #slice: Item[] = []

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
    this.#spool = spool
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
    this.#tally = new PlanTally(files, this.#directories, places, request.user)
  }

  async run(lineages: readonly Lineage[], { signal, onProgress }: PrepareOptions): Promise<void> {
    try {
      for (const lineage of lineages) {
        this.#links.push(new Map([...carriersOf(lineage)].map((path) => [path, null])))
        this.holders.push(new Set())
      }
      const total = lineages.reduce((sum, { top }) => sum + top.root.toc.n, 0)
      let done = 0
      for (const toc of mergedLines(lineages, (archive, page) => this.#lose(archive, page))) {
        this.#consider(withOwner(toc, this.#owners))
        done++
        if (done % sliceEntries !== 0) continue
        await this.#decideSlice(signal)
        onProgress?.(done, total)
        signal.throwIfAborted()
      }
      await this.#decideSlice(signal)
      onProgress?.(done, total)
    } catch (error) {
      if (signal.aborted) throw new BackupError('E_INTERRUPTED', 'the restore was interrupted before it began')
      throw error
    } finally {
      this.#directories.close()
    }
  }

  header(): PlanHeader {
    const summary = this.#tally.summary(this.#request.target.kind === 'in-place', this.#owners.notes)
    return planHeader(this.#request, this.#places, summary, this.#choices.unseen)
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
      this.#unreadable(toc)
    if (isDirectory) this.#considerDirectory(toc, parent, refused)
    else if (refused !== null) this.#add(toc, parent, refusal(path, refused))
    else this.#slice.push({ toc, parent, step: null, looked: this.#look(entry, parent), comparison: null })
  }

  #isWanted(path: BytePath, isDirectory: boolean): boolean {
    return this.#request.select(path, isDirectory) && !this.#choices.isSkipped(path)
  }

  #policyFor(path: BytePath): RestorePolicy {
    return { ...this.#policy, ...this.#choices.conflictAt(path) }
  }

  /** Why an entry's content cannot be read; null where the archives that hold it can. */
  #unreadable({ archive, home, line, entry, listedOutside }: TocLine): RefuseReason | null {
    const { lineage } = this.#request.archives[archive] as RestoreArchive // one for each number
    try {
      // Where there is no other archive, it holds everything, and the list need not be read.
      const content = listedOutside && lineage.dependencies.length > 0 ? lineage.entryOf(line, home) : entry
      for (const holder of new Set(holdersOf(content))) {
        const ordinal = holder === 0 ? home : holder
        lineage.member(ordinal)
        this.holders[archive]?.add(ordinal)
      }
      if (entry.content.kind === 'none') this.holders[archive]?.add(home)
      return null
    } catch (error) {
      if (!(error instanceof BackupError)) throw error
      this.#tally.unreadable(1, error.message)
      return 'data-missing'
    }
  }

  /** Nobody knows what a lost page lists: it counts as refused, under its first name. */
  #lose(_archive: number, { first, next, entries, error }: LostPage): void {
    this.#tally.lose(first, next, entries, error.message)
  }

  #considerDirectory(toc: TocLine, parent: Directory, refused: RefuseReason | null): void {
    const { entry } = toc
    const looked = refused === null ? this.#look(entry, parent) : null
    const seen = looked === null ? null : { ...looked.seen, sameContent: true }
    const step =
      refused === null ? decideDirectory(entry, seen, this.#policyFor(entry.path)) : refusal(entry.path, refused)
    const because = step.kind === 'refuse' ? belowOf(step.because, seen?.type === 'symlink') : null
    const directory = this.#paths.descend(entry.path, parent, { isNew: seen === null, refused: because })
    directory.planned = step.kind === 'make-directory'
    this.#add(toc, parent, step)
  }

  #add(toc: TocLine, parent: Directory, step: RestoreStep): void {
    this.#slice.push({ toc, parent, step, looked: null, comparison: null })
  }

  async #decideSlice(signal: AbortSignal): Promise<void> {
    const slice = this.#slice
    this.#slice = []
    const comparisons: Comparison[] = []
    for (const item of slice) {
      if (item.looked?.content !== 'unknown') continue
      const { path, sizeBytes, sha256 } = item.toc.entry
      item.comparison = { path, sizeBytes, sha256: sha256 ?? '', same: false }
      comparisons.push(item.comparison)
    }
    await compareContents(this.#pool, this.#request.id, this.#open, comparisons, signal)
    for (const item of slice) this.#emit(item, item.step ?? this.#decideLeaf(item))
  }

  #decideLeaf({ toc, looked, comparison }: Item): RestoreStep {
    const { entry, archive } = toc
    const links = this.#links[archive] as Map<BytePath, LinkSource | null> // one for each archive
    const carrier = entry.type === 'hardlink' ? (entry.linkTarget as BytePath) : entry.path // refused without
    const source = entry.type === 'hardlink' ? (links.get(carrier) ?? null) : null
    const seen = looked === null ? null : { ...looked.seen, sameContent: comparison?.same ?? looked.content === 'same' }
    const step = decideLeaf(entry, seen, this.#policyFor(entry.path), source, () => this.#target.freeBeside(entry))
    if (source === null && links.has(carrier)) links.set(carrier, sourceAfter(step, seen))
    return step
  }

  #emit({ toc, parent }: Item, step: RestoreStep): void {
    const makes = step.kind !== 'refuse' && step.kind !== 'keep' && step.kind !== 'unchanged'
    if (makes) this.#planParents(parent)
    const fresh = parent.isNew === true
    this.#spool.line(
      encodeStep({ step, archive: toc.archive, home: toc.home, fresh, owned: toc.owned === true }, toc.line),
    )
    this.#tally.add(step, parent)
  }

  /** Directories that are not restored themselves, but without which nothing could lie in them. */
  #planParents(directory: Directory): void {
    if (directory.planned || directory.isNew !== true || directory.above === null) return
    this.#planParents(directory.above)
    directory.planned = true
    const step: RestoreStep = { kind: 'make-parent', path: directory.path }
    this.#spool.line(encodeStep({ step, archive: 0, home: 0, fresh: directory.above.isNew === true }, ''))
    this.#tally.add(step, directory.above)
  }

  #look(entry: TocEntry, parent: Directory): Looked | null {
    return parent.isNew === true ? null : this.#target.entry(entry)
  }
}

const noDirectory: Directory = {
  path: rootPath,
  above: null,
  isNew: false,
  planned: true,
  refused: null,
  names: null,
}
