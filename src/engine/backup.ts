import type { BackupType, CatalogEntry, Manifest, ManifestArchive, ManifestDetails } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, isWithin, joinPath, pathToText } from '../model/path.ts'
import type { SourceContext, SourceWarning } from '../model/source.ts'
import { formatNumberOf } from '../model/units.ts'
import type { CompressionLevel } from './archive/codec.ts'
import { WorkerPool } from './archive/worker-pool.ts'
import { type CatalogPort, catalogEntry } from './catalog.ts'
import { type Base, type BaseNews, type BaseWish, nobodyHears } from './incremental/base.ts'
import { countBelow } from './incremental/empty-roots.ts'
import type { SlotKey } from './keys/slots.ts'
import { encodeManifest, parseManifest } from './manifest.ts'
import { type AccountNames, readAccountNames } from './platform/account-names.ts'
import { explainIo } from './platform/explain-io.ts'
import { syncDirectory } from './platform/json-file.ts'
import { acquireLock, type Lock } from './platform/lock.ts'
import { openWorkspace, type Repository, repositoryIdentity, type Workspace, type World } from './repository.ts'
import { type Ending, newId, type Run } from './run.ts'
import { type ServiceRequest, writeServiceArchive } from './service-archive.ts'
import { sources } from './sources/registry.ts'

export interface CreateRequest {
  readonly type: Extract<BackupType, 'full' | 'service' | 'incremental' | 'differential'>
  /** Believe nothing of an older backup but content that was read and compared. */
  readonly paranoid: boolean
  /** A root with nothing below it is meant so. */
  readonly acceptEmpty: boolean
  /**
   * The newest backup of a service, to build upon or to compare with; its owner closes the lineage. Asked for once the
   * services are locked, so that none can be deleted or added meanwhile.
   */
  findBase(service: ServiceRequest, wish: BaseWish, hears: BaseNews): Promise<Base | null>
  /** Made from the base alone, the source not looked at; null where the source is backed up. */
  readonly consolidation: Consolidation | null
  readonly services: readonly ServiceRequest[]
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
}

export interface Consolidation {
  /** When the content was what it is: that of the backup it is made from. */
  readonly createdAt: string
  /** By service, the archives the new one goes on to depend on. */
  readonly kept: ReadonlyMap<string, ReadonlySet<number>>
  readonly git: ReadonlyMap<string, ManifestDetails['services'][number]['git']>
}

export interface CreateResult {
  readonly entry: CatalogEntry
  readonly warnings: number
  readonly skipped: Readonly<Record<string, number>>
}

const serviceLockMs = 60_000
const countingMs = 2000
const repositoryPath = 'files in it are the backups themselves'

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
  for (const notice of request.notices) run.tell({ kind: 'notice', message: notice })
  const story = new BackupStory(world, repository, request, run)
  for (const warning of request.warnings) story.warn({ path: null, what: warning })
  if (request.consolidation === null) {
    requireSources(world, request.services)
    noteLinks(world, request.services, run)
  }
  const locks: Lock[] = []
  let workspace: Workspace | null = null
  try {
    for (const name of request.services.map((service) => service.name).sort()) {
      locks.push(
        await acquireLock(world.files, repository.lock(`service-${name}`), {
          waitMs: serviceLockMs,
          signal: run.signal,
          holder: run.holder,
          clock: world.clock,
        }),
      )
    }
    workspace = await openWorkspace(world, repository, run.holder, run.signal)
    const { manifest, details } = await story.write(workspace)
    run.signal.throwIfAborted()
    await workspace.publish(manifest.id, repository.backup(manifest.id))
    run.tell({ kind: 'committed', backup: manifest.id })
    await story.keepHeaders()
    const entry = catalogEntry(manifest, details)
    await story.register(catalog, entry)
    const result: CreateResult = { entry, warnings: story.warnings, skipped: story.skipped }
    return { result, report: { backup: entry.id, warnings: story.warnings }, warnings: story.warnings > 0 }
  } catch (error) {
    // An interruption surfaces as whatever call it hit; the run tells it from a fault.
    throw run.signal.aborted ? error : explainIo(error, 'write the backup below', repository.root)
  } finally {
    try {
      workspace?.discard()
    } catch {
      // It undoes no backup and hides no error: what is left is swept by the next run.
    }
    for (const lock of locks) lock.release()
  }
}

/** A PATH that is not there is a mistake of the request, found before anything is made. */
export function requireSources(world: World, services: readonly ServiceRequest[]): void {
  for (const { paths } of services) {
    for (const path of paths) {
      let found: boolean
      try {
        found = world.files.status(path) !== undefined
      } catch (error) {
        throw explainIo(error, 'look at', path)
      }
      if (!found)
        throw new BackupError(
          'E_SOURCE_MISSING',
          `${displayPath(path)} does not exist`,
          'nothing was backed up; give a path that exists',
        )
    }
  }
}

/** A link is stored as a link: whoever names one may have meant what it leads to. */
function noteLinks(world: World, services: readonly ServiceRequest[], run: Run): void {
  const paths = services.flatMap((service) => service.paths)
  for (const path of paths) {
    if (world.files.status(path)?.type !== 'symlink') continue
    let real: BytePath
    try {
      real = world.files.realPath(path)
    } catch {
      continue // it leads nowhere, and hides nothing
    }
    if (paths.some((other) => isWithin(real, other))) continue
    const message = `${displayPath(path)} is a symbolic link and stored as one; ${displayPath(real)} is not in the backup`
    run.tell({ kind: 'notice', message })
  }
}

class BackupStory {
  warnings = 0
  readonly skipped: Record<string, number> = {}
  readonly #world: World
  readonly #repository: Repository
  readonly #request: CreateRequest
  readonly #run: Run
  readonly #names: AccountNames
  #doneBytes = 0
  #doneEntries = 0
  #totalBytes: number | null = null
  readonly #headers = new Map<string, Uint8Array>()

  constructor(world: World, repository: Repository, request: CreateRequest, run: Run) {
    this.#world = world
    this.#repository = repository
    this.#request = request
    this.#run = run
    this.#names = readAccountNames(world.files)
  }

  warn({ path, what }: SourceWarning): void {
    this.warnings++
    if (path === null) {
      this.#run.tell({ kind: 'warning', message: what })
      return
    }
    const text = pathToText(path)
    const named =
      text === null
        ? { path: displayPath(path), pathB64: Buffer.from(path, 'latin1').toString('base64') }
        : { path: text }
    this.#run.tell({ kind: 'warning', message: what, ...named })
  }

  /** Writes all archives and the manifest into a directory of the workspace named like the backup. */
  async write(workspace: Workspace): Promise<{ manifest: Manifest; details: ManifestDetails }> {
    const { files, clock, random } = this.#world
    const { services, description, workers, paranoid } = this.#request
    const slotKeys = await this.#request.slotKeys()
    const bases = await this.#openBases(slotKeys.length > 0)
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
    this.#totalBytes = this.#request.expectedBytes ?? (this.#request.estimate ? await this.#count() : null)
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
        const before = { warnings: this.warnings, bytes: this.#doneBytes, entries: this.#doneEntries }
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
          context: this.#context(skipped),
          skipped,
          tell: this.#run.tell,
          warnings: () => this.warnings - before.warnings,
          onProgress: (bytes, entries) => {
            this.#doneBytes = before.bytes + bytes
            this.#doneEntries = before.entries + entries
            this.#tellProgress()
          },
        })
        if (!this.#request.acceptEmpty) await this.#refuseEmpty(service, emptyRoots, base)
        for (const older of needed) dependsOn.add(older)
        archives.push(archive)
        described.push(details)
        if (header !== null) this.#headers.set(archive.id, header)
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
    } as const
    const details: ManifestDetails = {
      description,
      host: this.#world.host,
      user: this.#world.user,
      tool: `holdfast ${this.#world.version}`,
      durationMs: clock.now() - this.#run.startedMs,
      warnings: this.warnings,
      services: described,
    }
    this.#run.tell({ kind: 'phase', phase: 'committing' })
    const text = encodeManifest(bare, details, slotKeys, random)
    await this.#writeNew(joinPath(directory, 'manifest.json' as BytePath), Buffer.from(text))
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
      this.warn({
        path: null,
        what: `the backup ${entry.id} is complete, but not in the catalog: ${known.message}; run: holdfast rebuild`,
      })
    }
  }

  /** Copies of the headers outside the archives: a second chance when both of an archive's own are lost. */
  async keepHeaders(): Promise<void> {
    const { files } = this.#world
    const { headers } = this.#repository
    try {
      if (files.status(headers) === undefined) files.makeDirectory(headers, 0o700)
      for (const [archiveId, header] of this.#headers) {
        await this.#writeNew(joinPath(headers, archiveId as BytePath), header)
      }
    } catch (error) {
      this.warn({ path: null, what: `no copy of the headers was kept: ${explainIo(error, 'write', headers).message}` })
    }
  }

  /** Bytes of all services, for the time left; null where counting takes longer than anybody wants to wait for it. */
  async #count(): Promise<number | null> {
    this.#run.tell({ kind: 'phase', phase: 'counting' })
    const { files, clock } = this.#world
    const until = clock.elapsed() + countingMs
    let bytes = 0
    const context = { signal: this.#run.signal, warn: () => {}, skip: () => {} }
    for (const service of this.#request.services) {
      const repository = repositoryIdentity(files, this.#repository.root)
      for await (const entries of sources[service.type](files, { ...service, repository }).scan(context)) {
        for (const { type, attributes } of entries) bytes += type === 'file' ? attributes.sizeBytes : 0
        if (clock.elapsed() > until) return null
      }
      this.#run.signal.throwIfAborted()
    }
    return bytes
  }

  #tellProgress(): void {
    this.#run.tell({
      kind: 'progress',
      doneBytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
      doneEntries: this.#doneEntries,
      totalEntries: null,
    })
  }

  async #writeNew(path: BytePath, bytes: Uint8Array): Promise<void> {
    const { files } = this.#world
    const fd = files.open(path, 'create')
    try {
      files.write(fd, bytes, null)
      await files.sync(fd)
    } finally {
      files.close(fd)
    }
  }

  #context(skipped: Record<string, number>): SourceContext {
    return {
      signal: this.#run.signal,
      warn: (warning) => this.warn(warning),
      skip: (path, because) => {
        skipped[because] = (skipped[because] ?? 0) + 1
        this.skipped[because] = (this.skipped[because] ?? 0) + 1
        if (because === 'repository')
          this.#run.tell({ kind: 'notice', message: `${displayPath(path)} is left out: ${repositoryPath}` })
      },
    }
  }

  #xattrsAtHand(): boolean {
    try {
      this.#world.files.xattrs(this.#repository.root)
      return true
    } catch (error) {
      if (!(error instanceof BackupError && error.code === 'E_PLATFORM')) return true
      this.warn({ path: null, what: `extended attributes and access control lists are not stored: ${error.message}` })
      return false
    }
  }

  /** By service; one that has no older backup to build upon is not in it. */
  async #openBases(onlyEncrypted: boolean): Promise<Map<string, Base>> {
    const { type, services } = this.#request
    const bases = new Map<string, Base>()
    if (this.#request.consolidation === null && type !== 'incremental' && type !== 'differential') return bases
    const hears: BaseNews = {
      warn: (what) => this.warn({ path: null, what }),
      note: (message) => this.#run.tell({ kind: 'notice', message }),
    }
    const wish = { onlyFull: type === 'differential', onlyEncrypted }
    try {
      for (const service of services) {
        const base = await this.#request.findBase(service, wish, hears)
        if (base !== null) bases.set(service.name, base)
      }
    } catch (error) {
      for (const base of bases.values()) base.lineage.close()
      throw error
    }
    const alone = services.filter(({ name }) => !bases.has(name)).map(({ name }) => name)
    const which = type === 'differential' ? 'full backup' : 'backup'
    if (alone.length > 0) {
      const what = bases.size === 0 ? 'this becomes a full backup' : `stored in full: ${alone.join(', ')}`
      this.#run.tell({ kind: 'notice', message: `there is no older ${which} to build upon: ${what}` })
    }
    return bases
  }

  #typeWith(bases: ReadonlyMap<string, Base>): BackupType {
    const { type } = this.#request
    return (type === 'incremental' || type === 'differential') && bases.size === 0 ? 'full' : type
  }

  /** A file system that is not mounted must not look like one whose files were all deleted. */
  async #refuseEmpty(service: ServiceRequest, roots: readonly BytePath[], base: Base | null): Promise<void> {
    if (roots.length === 0) return
    // A differential's base may be older than a backup that has accepted it: the newest one tells.
    const newest = this.#request.type === 'differential' ? null : base
    const before =
      newest ?? (await this.#request.findBase(service, { onlyFull: false, onlyEncrypted: false }, nobodyHears))
    if (before === null) return
    try {
      for (const root of roots) {
        const count = countBelow(before.lineage, root)
        if (count === 0) continue
        throw new BackupError(
          'E_SOURCE_EMPTY',
          `/${displayPath(root)} has nothing below it, and had ${formatNumberOf(count, 'entry', 'entries')} in ${before.backup}`,
          'nothing was backed up: is a file system not mounted? where it is empty for good, add --accept-empty',
        )
      }
    } finally {
      if (before !== base) before.lineage.close()
    }
  }

  #newBackupId(type: BackupType): string {
    for (;;) {
      const id = newId(this.#world, type)
      if (this.#world.files.status(this.#repository.backup(id)) === undefined) return id
    }
  }
}
