import type { CatalogEntry, ManifestDetails } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import type { RetentionGround } from '../model/retention.ts'
import { detailsIfPossible } from './inspect.ts'
import type { Keys } from './keys/slots.ts'
import { readManifest } from './manifest.ts'
import { type RetentionFacts, retentionBackupOf } from './plan/retention-backup.ts'
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
  return groundOf(session, entries, new BackupDetails(session, repository, await session.keys(repository, false)))
}

export async function groundOf(
  session: Session,
  entries: readonly CatalogEntry[],
  details: BackupDetails,
): Promise<RetentionGround> {
  const schedules = (await allSchedules(session)).map(({ schedule }) => schedule)
  const policy = policyFrom(session.parts.configured.sources, schedules)
  return {
    policy,
    idle: idlePromises(policy),
    backups: entries.map((entry) => retentionBackupOf(entry, details.of(entry))),
    entries: new Map(entries.map((entry) => [entry.id, entry])),
  }
}

/** What only a backup's own manifest tells retention, each read once: it does not change. */
export class BackupDetails {
  readonly #session: Session
  readonly #repository: Repository
  readonly #keys: Keys
  readonly #known = new Map<string, RetentionFacts>()
  /** Backups of paths that cannot be told from those of others, for want of the key or of a whole manifest. */
  readonly untold = new Set<string>()

  constructor(session: Session, repository: Repository, keys: Keys) {
    this.#session = session
    this.#repository = repository
    this.#keys = keys
  }

  of(entry: CatalogEntry): RetentionFacts {
    if (entry.missing === true) return {}
    if (!entry.services.includes(pathsService) && entry.warnings !== null) return {}
    let facts = this.#known.get(entry.id)
    if (facts === undefined) {
      facts = this.#read(entry)
      this.#known.set(entry.id, facts)
    }
    return facts
  }

  /**
   * Where it cannot be told what paths a backup is of, it stands alone: then it is the newest of its kind, and stays.
   */
  #read({ id, services }: CatalogEntry): RetentionFacts {
    const details = this.#details(id)
    const paths = details?.services.find(({ name }) => name === pathsService)?.paths
    if (paths === undefined && services.includes(pathsService)) this.untold.add(id)
    const which = paths === undefined ? id : wordsOf(paths)
    return {
      services: services.map((name) => (name === pathsService ? `${name} ${which}` : name)),
      ...(details === null ? {} : { warnings: details.warnings }),
    }
  }

  #details(id: string): ManifestDetails | null {
    try {
      return detailsIfPossible(readManifest(this.#session.world.files, this.#repository, id), this.#keys)
    } catch (error) {
      if (error instanceof BackupError) return null
      throw error
    }
  }
}

function wordsOf(paths: readonly string[]): string {
  return paths
    .map((path) => JSON.stringify(path))
    .sort()
    .join(' ')
}
