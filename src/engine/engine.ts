import type { CatalogEntry } from '../model/backup.ts'
import type { During, Engine } from '../model/engine.ts'
import { BackupError } from '../model/errors.ts'
import { displayPath, joinPath, parentOf, pathFromText } from '../model/path.ts'
import { createBackup } from './backup.ts'
import { openBrowser } from './browse/browser.ts'
import { listBackups } from './catalog.ts'
import { consolidateBackup } from './consolidate/consolidate-backup.ts'
import { chooseCompression, chooseServices, expectedBytes } from './create-request.ts'
import { requireSources } from './create-sources.ts'
import { deleteBackup, planDelete } from './delete.ts'
import { diffBackups } from './diff.ts'
import { examine } from './doctor.ts'
import { estimateCreate } from './estimate.ts'
import { exportBackup } from './export.ts'
import { type BaseNews, type BaseWish, openBase } from './incremental/base.ts'
import { initRepository } from './init.ts'
import { catFile, detailsIfPossible, entriesBelow, openArchive, openBackup, storedPathFromText } from './inspect.ts'
import { addKey, describeKeys } from './key-members.ts'
import { missingKeyHint, type SlotKey, slotKeyFor } from './keys/slots.ts'
import { newKey } from './new-key.ts'
import { pinBackup, unpinBackup } from './pin.ts'
import { mostDependencies } from './plan/lineage-upkeep.ts'
import { rebuildCatalog } from './rebuild.ts'
import { retentionGround } from './retention-ground.ts'
import { listSchedules, removeSchedule, saveSchedule } from './schedules.ts'
import { isRepository, type Repository } from './repository.ts'
import { lookAtTarget } from './restore/look-at-target.ts'
import { planRestore } from './restore-story.ts'
import { carryOut } from './run.ts'
import type { ServiceRequest } from './service-request.ts'
import { type EngineParts, Session } from './session.ts'
import { reportStatus } from './status.ts'
import { type FoundKey, keyringForWriting } from './unlock.ts'
import { verifyBackups } from './verify-story.ts'

/** The engine: every deed by name, each told in full in a file of its own. */
export function createEngine(parts: EngineParts): Engine {
  const session = new Session(parts)
  const { world, configured } = parts
  const { files } = world
  const { settings } = configured

  async function ensureRepository(): Promise<Repository> {
    if (!isRepository(files, session.root)) await initialise(null, false)
    return session.repository()
  }

  async function initialise(passphrase: string | null, withConfiguration: boolean) {
    const configuration = joinPath(parentOf(session.root), pathFromText('backup_config.json'))
    return initRepository(world, parts.catalogOf, {
      root: session.root,
      encrypt: settings.encryption.enabled,
      found:
        passphrase === null
          ? session.foundKey()
          : { secret: { kind: 'passphrase', text: passphrase }, origin: 'the passphrase' },
      keyFile: settings.encryption.keyFile,
      derivation: session.derivation(),
      configuration: withConfiguration && settings.configurationFile === null ? configuration : null,
    })
  }

  /** Keys to write for. Asked for late: a key that was added meanwhile is among them. */
  function slotKeysWith(repository: Repository, encrypt: boolean, found: FoundKey | null) {
    return async (): Promise<readonly SlotKey[]> =>
      encrypt ? (await keyringForWriting(world, repository, found, session.derivation())).slotKeys : []
  }

  /** A backup that depends on too many others gets one that depends on fewer. That it could not be made harms nothing. */
  async function keepUp(
    entry: CatalogEntry,
    slotKeys: () => Promise<readonly SlotKey[]>,
    during: During,
  ): Promise<void> {
    if (entry.deps.length <= mostDependencies) return
    try {
      await consolidateBackup(session, entry, { aim: 'upkeep', slotKeys }, during)
    } catch (error) {
      if (!(error instanceof BackupError)) throw error // its own run has told it
    }
  }

  return {
    async init({ passphrase }) {
      const made = await initialise(passphrase, true)
      return {
        root: displayPath(session.root),
        created: made.created,
        encrypted: settings.encryption.enabled,
        keyFile: made.keyFile === null ? null : displayPath(made.keyFile),
        configurationFile: made.configuration === null ? null : displayPath(made.configuration),
        notices: [...configured.notices, ...made.notices],
      }
    },

    async create(options, during) {
      const { services, warnings } = chooseServices(session, options)
      requireSources(world, services)
      const encrypt = settings.encryption.enabled
      // Nobody is asked for the passphrase of a repository that is not there: init makes one, and asks twice.
      const found = !encrypt ? null : isRepository(files, session.root) ? await session.key() : session.foundKey()
      // Nothing is made, not even a repository, before it is clear that there is a key.
      if (encrypt && found === null)
        throw new BackupError(
          'E_KEY_MISSING',
          'there is no encryption key',
          isRepository(files, session.root)
            ? missingKeyHint(displayPath(session.keyFile))
            : 'set BACKUP_ENCRYPTION_KEY, or make a repository with a key: holdfast init',
        )
      const repository = await ensureRepository()
      const catalog = session.catalog(repository)
      const writeKeys = slotKeysWith(repository, encrypt, found)
      await writeKeys() // a key that does not fit is told before anything begins
      const { backups } = await listBackups(files, repository, catalog)
      const request = {
        type: options.type,
        consolidation: null,
        paranoid: options.paranoid,
        acceptEmpty: options.acceptEmpty,
        findBase: async (service: ServiceRequest, wish: BaseWish, hears: BaseNews) => {
          const keys = await session.keys(repository, false)
          const { backups } = await listBackups(files, repository, catalog)
          return openBase({ files, repository, keys, backups, hears }, service, wish)
        },
        services,
        description: options.description,
        compression: chooseCompression(session, options),
        slotKeys: writeKeys,
        warnings: [...configured.warnings, ...warnings],
        notices: configured.notices,
        workers: settings.workers.backup ?? world.processors,
        expectedBytes: expectedBytes(backups, services),
        estimate: options.estimate,
      } as const
      const about = services.map(({ name }) => name).join(', ')
      const { run, result, exitCode, durationMs } = await carryOut(
        world,
        repository,
        { kind: 'create', about, ...during },
        (story) => createBackup(world, repository, catalog, request, story),
      )
      const { entry } = result
      await keepUp(entry, writeKeys, during)
      return {
        exitCode,
        run,
        backup: entry,
        bytes: entry.bytes ?? 0,
        storedBytes: entry.sizeBytes,
        durationMs,
        warnings: result.warnings,
        skipped: result.skipped,
      }
    },

    estimate: (options, during) => estimateCreate(session, options, during),

    async list({ type, services, days }) {
      const repository = session.repository()
      const { backups, problems } = await listBackups(files, repository, session.catalog(repository))
      const since = days === null ? null : new Date(world.clock.now() - days * 86_400_000).toISOString()
      const wanted = backups.filter(
        (entry) =>
          (type === null || entry.type === type) &&
          services.every((service) => entry.services.includes(service)) &&
          (since === null || entry.createdAt >= since),
      )
      return { backups: wanted, problems }
    },

    async inspect({ backup, services, path }, take) {
      const repository = session.repository()
      const entry = await session.backup(repository, backup, services)
      const keys = await session.keys(repository, entry.encrypted)
      const { manifest, archives } = openBackup(files, repository, entry, services, keys)
      const details = detailsIfPossible(manifest, keys)
      if (details === null) return { manifest, details, entries: 0 }
      const below = path === null ? null : storedPathFromText(path)
      let entries = 0
      for (const archive of archives) {
        const reader = openArchive(files, repository, manifest, archive, keys)
        try {
          for (const found of entriesBelow(reader, below)) {
            entries++
            await take(archive.service, found)
          }
        } finally {
          reader.close()
        }
      }
      if (below !== null && entries === 0)
        throw new BackupError(
          'E_UNKNOWN_PATH',
          `the backup holds no ${displayPath(below)}`,
          `holdfast inspect ${entry.id} lists what it holds`,
        )
      return { manifest, details, entries }
    },

    async cat({ backup, path, services }, take) {
      const repository = session.repository()
      const entry = await session.backup(repository, backup, services)
      const keys = await session.keys(repository, entry.encrypted)
      const { manifest, archives } = openBackup(files, repository, entry, services, keys)
      const readers = archives.map((archive) => openArchive(files, repository, manifest, archive, keys))
      try {
        await catFile(readers, storedPathFromText(path), take)
      } finally {
        for (const reader of readers) reader.close()
      }
    },

    browse: (options) => openBrowser(session, options),
    diff: (options, take, watch) => diffBackups(session, options, take, watch),
    lookAtTarget: async (path) => lookAtTarget(files, session.absolute(path), session.repository().root),
    planRestore: (options, during) => planRestore(session, options, during),
    verify: (options, during) => verifyBackups(session, options, during),

    async consolidate({ backup }, during) {
      const repository = session.repository()
      const entry = await session.backup(repository, backup)
      // Never with less protection than it had, nor with less than a new one would have.
      const encrypt = entry.encrypted || settings.encryption.enabled
      const slotKeys = slotKeysWith(repository, encrypt, encrypt ? await session.key() : null)
      return consolidateBackup(session, entry, { aim: 'full', slotKeys }, during)
    },

    planDelete: (backup) => planDelete(session, backup),
    delete: (backup, during) => deleteBackup(session, backup, during),
    pin: (options, during) => pinBackup(session, options, during),
    unpin: (options, during) => unpinBackup(session, options, during),

    schedules: () => listSchedules(session),
    saveSchedule: (draft, as) => saveSchedule(session, draft, as),
    removeSchedule: (id) => removeSchedule(session, id),
    retention: () => retentionGround(session),

    async rebuild(during) {
      const repository = session.repository()
      const keys = await session.keys(repository, false)
      const { result, exitCode } = await carryOut(
        world,
        repository,
        { kind: 'rebuild', about: 'metadata.json', ...during },
        (run) => rebuildCatalog(world, repository, session.catalog(repository), keys, run),
      )
      return { exitCode, ...result }
    },

    async status() {
      const repository = session.repository()
      return reportStatus(world, repository, session.catalog(repository), configured.services)
    },

    doctor: () =>
      examine(world, {
        root: session.root,
        loaded: configured,
        findKey: () => session.foundKey(),
        catalogOf: parts.catalogOf,
        nodeVersion: parts.nodeVersion,
      }),

    async keysList() {
      return describeKeys(files, session.repository(), session.foundKey())
    },

    async keysAdd({ label, key }, during: During) {
      const repository = session.repository()
      const found = await session.key()
      if (found === null)
        throw new BackupError(
          'E_KEY_MISSING',
          'a key of the repository is needed to let in another',
          missingKeyHint(displayPath(session.keyFile)),
        )
      await keyringForWriting(world, repository, found, session.derivation())
      const { secret, file } = await newKey(session, key)
      const slotKey = slotKeyFor(secret, session.derivation(), world.random)
      const { result, exitCode } = await carryOut(
        world,
        repository,
        { kind: 'keys-add', about: label, ...during },
        (run) => addKey(world, repository, found, slotKey, label, run),
      )
      return { exitCode, ...result, file: file === null ? null : displayPath(file) }
    },

    async exportBackup({ backup }, take) {
      const repository = session.repository()
      const entry = await session.backup(repository, backup)
      return { id: entry.id, bytes: await exportBackup(files, repository, entry, take) }
    },
  }
}
