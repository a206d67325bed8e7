import type {
  BackupType,
  CatalogEntry,
  Manifest,
  ManifestArchive,
  ManifestDetails,
  ScheduledBy,
} from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, joinPath } from '../model/path.ts'
import type { CompressionLevel } from './archive/codec.ts'
import { WorkerPool } from './archive/worker-pool.ts'
import { BackupNews } from './backup-news.ts'
import { type CatalogPort, catalogEntry } from './catalog.ts'
import { type BaseRequest, openBases, refuseEmpty } from './create-bases.ts'
import { countSources, linkNotices, requireSources } from './create-sources.ts'
import type { Base } from './incremental/base.ts'
import { keepHeaders } from './kept-headers.ts'
import type { SlotKey } from './keys/slots.ts'
import { encodeManifest, parseManifest } from './manifest.ts'
import { type AccountNames, readAccountNames } from './platform/account-names.ts'
import { explainIo } from './platform/explain-io.ts'
import { syncDirectory, writeNew } from './platform/json-file.ts'
import type { Lock } from './platform/lock.ts'
import { openWorkspace, type Repository, type Workspace, type World } from './repository.ts'
import { type Ending, newId, type Run } from './run.ts'
import { writeServiceArchive } from './service-archive.ts'
import { lockServices } from './service-locks.ts'

export interface CreateRequest extends BaseRequest {
  /** Believe nothing of an older backup but content that was read and compared. */
  readonly paranoid: boolean
  /** A root with nothing below it is meant so. */
  readonly acceptEmpty: boolean
  /** Made from the base alone, the source not looked at; null where the source is backed up. */
  readonly consolidation: Consolidation | null
  readonly description: string
  readonly compression: CompressionLevel
  /**
   * Keys every archive is wrapped for; none makes an unencrypted backup. Asked for once the services are locked, so
   * that a key added meanwhile is among them.
   */
  slotKeys(): Promise<readonly SlotKey[]>
  /** Less protection than asked for: told, and the outcome is `warnings`. */
  readonly warnings: readonly string[]
  readonly notices: readonly string[]
  readonly workers: number
  /** Bytes the same services had last time, for the estimate; null where this is the first. */
  readonly expectedBytes: number | null
  /** Count what there is first, where expectedBytes is not known. */
  readonly estimate: boolean
  /** Null where a person asked. */
  readonly schedule: ScheduledBy | null
}

export interface Consolidation {
  /** When the content was what it is: that of the backup it is made from. */
  readonly createdAt: string
  /** What that one misses the new one misses too. */
  readonly missing: number
  /** By service, the archives the new one goes on to depend on. */
  readonly kept: ReadonlyMap<string, ReadonlySet<number>>
  readonly git: ReadonlyMap<string, ManifestDetails['services'][number]['git']>
}

export interface CreateResult {
  readonly entry: CatalogEntry
  readonly warnings: number
  readonly skipped: Readonly<Record<string, number>>
}

/**
 * Makes a backup: every service into an archive, all of it on disk and read back, then one rename that makes it exist.
 *
 * @throws E_SOURCE_MISSING, E_SOURCE_EMPTY, E_BUSY, E_NO_SPACE, E_IO, E_INTERRUPTED; nothing is left visible then.
 */
export async function createBackup(
  world: World,
  repository: Repository,
  catalog: CatalogPort,
  request: CreateRequest,
  run: Run,
): Promise<Ending<CreateResult>> {
  const news = new BackupNews(run)
  for (const notice of request.notices) news.note(notice)
  for (const warning of request.warnings) news.warn(warning)
  const story = new BackupStory(world, repository, request, run, news)
  if (request.consolidation === null) {
    requireSources(world, request.services)
    for (const notice of linkNotices(world, request.services)) news.note(notice)
  }
  let held: Pick<Lock, 'release'> | null = null
  let workspace: Workspace | null = null
  try {
    const names = request.services.map(({ name }) => name)
    held = await lockServices(world, repository, names, run)
    workspace = await openWorkspace(world, repository, run.holder, run.signal)
    const { manifest, details } = await story.write(workspace)
    run.signal.throwIfAborted()
    await workspace.publish(manifest.id, repository.backup(manifest.id))
    run.tell({ kind: 'committed', backup: manifest.id })
    await keepHeaders(world.files, repository, story.headers, (what) => news.warn(what))
    const entry = catalogEntry(manifest, details)
    await story.register(catalog, entry)
    const result: CreateResult = { entry, warnings: news.warnings, skipped: news.skipped }
    return { result, report: { backup: entry.id, warnings: news.warnings }, warnings: news.warnings > 0 }
  } catch (error) {
    // An interruption surfaces as whatever call it hit; the run tells it from a fault.
    throw run.signal.aborted ? error : explainIo(error, 'write the backup below', repository.root)
  } finally {
    try {
      workspace?.discard()
    } catch {
      // It undoes no backup and hides no error: what is left is swept by the next run.
    }
    held?.release()
  }
}

class BackupStory {
  readonly #world: World
  readonly #repository: Repository
  readonly #request: CreateRequest
  readonly #run: Run
  readonly #news: BackupNews
  readonly #names: AccountNames
  /** By archive id. */
  readonly headers = new Map<string, Uint8Array>()

  constructor(world: World, repository: Repository, request: CreateRequest, run: Run, news: BackupNews) {
    this.#world = world
    this.#repository = repository
    this.#request = request
    this.#run = run
    this.#news = news
    this.#names = readAccountNames(world.files)
  }

  /** Writes all archives and the manifest into a directory of the workspace named like the backup. */
  async write(workspace: Workspace): Promise<{ manifest: Manifest; details: ManifestDetails }> {
    const { files, clock, random } = this.#world
    const { services, description, workers, paranoid } = this.#request
    const slotKeys = await this.#request.slotKeys()
    const bases = this.#buildsOnOlder()
      ? await openBases(this.#request, slotKeys.length > 0, this.#news)
      : new Map<string, Base>()
    const type = this.#typeWith(bases)
    const id = this.#newBackupId(type)
    const { consolidation } = this.#request
    const createdAt = consolidation?.createdAt ?? new Date(clock.now()).toISOString()
    const directory = joinPath(workspace.path, id as BytePath)
    files.makeDirectory(directory, 0o700)
    const withXattrs = this.#xattrsAtHand()
    const archives: ManifestArchive[] = []
    const dependsOn = new Set<string>()
    const described: ManifestDetails['services'] = []
    const count = () => countSources(this.#world, this.#repository, services, this.#run)
    this.#news.totalBytes = this.#request.expectedBytes ?? (this.#request.estimate ? await count() : null)
    const pool = new WorkerPool({ count: workers, filesModule: this.#world.filesModule })
    const shared = {
      world: this.#world,
      repository: this.#repository,
      compression: this.#request.compression,
      slotKeys,
      backupId: id,
      createdAt,
      directory,
      spool: workspace.path,
      pool,
      names: this.#names,
      withXattrs,
      paranoid,
      kind: type === 'differential' ? ('diff' as const) : ('incr' as const),
    }
    try {
      for (const service of services) {
        const skipped: Record<string, number> = {}
        const base = bases.get(service.name) ?? null
        const {
          archive,
          details,
          header,
          dependsOn: needed,
          emptyRoots,
        } = await writeServiceArchive(service, {
          ...shared,
          base,
          kept: consolidation?.kept.get(service.name) ?? null,
          git: consolidation?.git.get(service.name) ?? null,
          ...this.#news.ofService(skipped),
          skipped,
          tell: this.#run.tell,
        })
        if (!this.#request.acceptEmpty) await refuseEmpty(this.#request, service, emptyRoots, base)
        for (const older of needed) dependsOn.add(older)
        archives.push(archive)
        described.push(details)
        if (header !== null) this.headers.set(archive.id, header)
      }
    } finally {
      await pool.close()
      for (const base of bases.values()) base.lineage.close()
    }
    const base = [...bases.values()]
      .map(({ backup }) => backup)
      .sort()
      .at(-1)
    const deps = [...dependsOn].sort()
    const bare = {
      v: 1,
      id,
      createdAt,
      type,
      archives,
      deps,
      ...(base === undefined || deps.length === 0 ? {} : { base }),
      ...(this.#request.schedule === null ? {} : { schedule: this.#request.schedule }),
    } as const
    const details: ManifestDetails = {
      description,
      host: this.#world.host,
      user: this.#world.user,
      tool: `holdfast ${this.#world.version}`,
      durationMs: clock.now() - this.#run.startedMs,
      warnings: this.#news.missing + (consolidation?.missing ?? 0),
      services: described,
    }
    this.#run.tell({ kind: 'phase', phase: 'committing' })
    const text = encodeManifest(bare, details, slotKeys, random)
    await writeNew(files, joinPath(directory, 'manifest.json' as BytePath), Buffer.from(text))
    await syncDirectory(files, directory)
    return { manifest: parseManifest(text, id), details }
  }

  /** A backup that could not be catalogued is a backup all the same: archives/ decides. */
  async register(catalog: CatalogPort, entry: CatalogEntry): Promise<void> {
    try {
      const alone = this.#world.files.names(this.#repository.archives).length <= 1
      const add = (backups: readonly CatalogEntry[]) => [...backups.filter(({ id }) => id !== entry.id), entry]
      await (alone ? catalog.update(add) : catalog.updateExisting(add))
    } catch (error) {
      const known = explainIo(error, 'write', this.#repository.catalog)
      this.#news.warn(
        `the backup ${entry.id} is complete, but not in the catalog: ${known.message}; run: holdfast rebuild`,
      )
    }
  }

  #xattrsAtHand(): boolean {
    try {
      this.#world.files.xattrs(this.#repository.root)
      return true
    } catch (error) {
      if (!(error instanceof BackupError && error.code === 'E_PLATFORM')) return true
      const what = `extended attributes and access control lists are not stored: ${error.message}`
      this.#news.miss({ path: null, what })
      return false
    }
  }

  #buildsOnOlder(): boolean {
    const { type, consolidation } = this.#request
    return consolidation !== null || type === 'incremental' || type === 'differential'
  }

  #typeWith(bases: ReadonlyMap<string, Base>): BackupType {
    const { type } = this.#request
    return (type === 'incremental' || type === 'differential') && bases.size === 0 ? 'full' : type
  }

  #newBackupId(type: BackupType): string {
    for (;;) {
      const id = newId(this.#world, type)
      if (this.#world.files.status(this.#repository.backup(id)) === undefined) return id
    }
  }
}
