import type { CatalogEntry } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import type { RetentionGround } from '../model/retention.ts'
import { detailsIfPossible } from './inspect.ts'
import type { Keys } from './keys/slots.ts'
import { readManifest } from './manifest.ts'
import { retentionBackupOf } from './plan/retention-backup.ts'
import { idlePromises, policyFrom } from './plan/retention-policy.ts'
import type { Repository } from './repository.ts'
import { allSchedules } from './schedules.ts'
import type { Session } from './session.ts'

/** The service that paths of the command line form. */
const pathsService = 'paths'

/** All that decides which backups stay: the policy, and of every backup what the rules look at. Reads only. */
export async function retentionGround(session: Session): Promise<RetentionGround> {
  const repository = session.repository()
  const entries = await session.backups(repository)
  const keys = await session.keys(repository, false)
  const schedules = (await allSchedules(session)).map(({ schedule }) => schedule)
  const policy = policyFrom(session.parts.configured.sources, schedules)
  return {
    policy,
    idle: idlePromises(policy),
    backups: entries.map((entry) =>
      retentionBackupOf(
        entry,
        { schedule: null, legalHold: entry.legalHold ?? null, expiringSince: null },
        servicesOf(session, repository, entry, keys),
      ),
    ),
    entries: new Map(entries.map((entry) => [entry.id, entry])),
  }
}

/**
 * What tells a backup of these paths from one of others. Where it cannot be told, for want of the key or of a whole
 * manifest, the backup stands alone: then it is the newest of its kind, and stays.
 */
function servicesOf(session: Session, repository: Repository, entry: CatalogEntry, keys: Keys): readonly string[] {
  if (entry.missing === true || !entry.services.includes(pathsService)) return entry.services
  return entry.services.map((name) =>
    name === pathsService ? `${name} ${pathsOf(session, repository, entry, keys)}` : name,
  )
}

function pathsOf({ world }: Session, repository: Repository, { id }: CatalogEntry, keys: Keys): string {
  try {
    const details = detailsIfPossible(readManifest(world.files, repository, id), keys)
    const paths = details?.services.find(({ name }) => name === pathsService)?.paths
    return paths === undefined
      ? id
      : paths
          .map((path) => JSON.stringify(path))
          .sort()
          .join(' ')
  } catch (error) {
    if (error instanceof BackupError) return id
    throw error
  }
}
