import type { CatalogEntry } from '../model/backup.ts'
import type { CreateOptions, CreateOutcome } from '../model/create.ts'
import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import { createBackup } from './backup.ts'
import { listBackups } from './catalog.ts'
import { consolidateBackup } from './consolidate/consolidate-backup.ts'
import { chooseCompression, chooseServices, expectedBytes } from './create-request.ts'
import { requireSources } from './create-sources.ts'
import { type BaseNews, type BaseWish, openBase } from './incremental/base.ts'
import { ensureRepository, missingKey } from './init-story.ts'
import type { SlotKey } from './keys/slots.ts'
import { mostDependencies } from './plan/lineage-upkeep.ts'
import { isRepository } from './repository.ts'
import { carryOut } from './run.ts'
import type { ServiceRequest } from './service-request.ts'
import type { Session } from './session.ts'

/** A backup of what was asked for, and one more where it depends on too many others. */
export async function create(session: Session, options: CreateOptions, during: During): Promise<CreateOutcome> {
  const { parts, world, root } = session
  const { files } = world
  const { configured } = parts
  const { settings } = configured
  const { services, warnings } = chooseServices(session, options)
  requireSources(world, services)
  const encrypt = settings.encryption.enabled
  // Nobody is asked for the passphrase of a repository that is not there: init makes one, and asks twice.
  const found = !encrypt ? null : isRepository(files, root) ? await session.key() : session.foundKey()
  // Nothing is made, not even a repository, before it is clear that there is a key.
  if (encrypt && found === null) throw missingKey(session)
  const repository = await ensureRepository(session)
  const catalog = session.catalog(repository)
  const writeKeys = session.writeKeys(repository, encrypt, found)
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
    schedule: options.schedule ?? null,
  } as const
  const about = services.map(({ name }) => name).join(', ')
  const { run, result, exitCode, durationMs } = await carryOut(
    world,
    repository,
    { kind: 'create', about, ...during },
    (story) => createBackup(world, repository, catalog, request, story),
  )
  const { entry } = result
  const { signal, listen } = during // the run's id was for the create
  await keepUp(session, entry, writeKeys, { signal, listen })
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
}

/** A backup of the same content that depends on nothing; null where it does not already. */
export async function consolidate(
  session: Session,
  { backup }: { readonly backup: string },
  during: During,
): Promise<CreateOutcome | null> {
  const repository = session.repository()
  const entry = await session.backup(repository, backup)
  // Never with less protection than it had, nor with less than a new one would have.
  const encrypt = entry.encrypted || session.parts.configured.settings.encryption.enabled
  const slotKeys = session.writeKeys(repository, encrypt, encrypt ? await session.key() : null)
  return consolidateBackup(session, entry, { aim: 'full', slotKeys }, during)
}

/** A backup that depends on too many others gets one that depends on fewer. That it could not be made harms nothing. */
async function keepUp(
  session: Session,
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
