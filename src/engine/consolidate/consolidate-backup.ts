import type { CatalogEntry } from '../../model/backup.ts'
import type { CreateOutcome } from '../../model/create.ts'
import type { During } from '../../model/during.ts'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, pathFromJson } from '../../model/path.ts'
import { defaultLevel } from '../archive/codec.ts'
import { holdersOf } from '../archive/holders.ts'
import type { Lineage } from '../archive/lineage.ts'
import { type Consolidation, type CreateRequest, createBackup } from '../backup.ts'
import { holdBackup } from '../hold.ts'
import { openBaseOf } from '../incremental/base.ts'
import { openArchive } from '../inspect.ts'
import type { Keys, SlotKey } from '../keys/slots.ts'
import { readDetails, readManifest } from '../manifest.ts'
import { chooseKept, type MemberShare, mostDependencies } from '../plan/lineage-upkeep.ts'
import { carryOut } from '../run.ts'
import type { ServiceRequest } from '../service-request.ts'
import type { Session } from '../session.ts'
import { type SourceType, sources } from '../sources/registry.ts'

export interface ConsolidateOptions {
  /** Full: the new backup depends on nothing. Upkeep: on fewer, where it depends on too many. */
  readonly aim: 'full' | 'upkeep'
  slotKeys(): Promise<readonly SlotKey[]>
}

/**
 * A backup of the same content that depends on fewer older ones, made from existing archives; the source may be gone.
 * Null where nothing is to be done.
 *
 * @throws E_UNSUPPORTED, E_ARCHIVE_MISSING, E_DAMAGED where an archive that is needed cannot be read.
 */
export async function consolidateBackup(
  session: Session,
  entry: CatalogEntry,
  { aim, slotKeys }: ConsolidateOptions,
  during: During,
): Promise<CreateOutcome | null> {
  const { world } = session
  const repository = session.repository()
  const keys = await session.keys(repository, entry.encrypted)
  const hold = holdBackup(world.files, repository, entry.id)
  try {
    const known = describeServices(session, entry, keys, aim)
    return known === null ? null : await writeConsolidated(session, entry, keys, known, slotKeys, during)
  } finally {
    hold.release()
  }
}

async function writeConsolidated(
  session: Session,
  entry: CatalogEntry,
  keys: Keys,
  known: KnownServices,
  slotKeys: ConsolidateOptions['slotKeys'],
  during: During,
): Promise<CreateOutcome> {
  const { world } = session
  const repository = session.repository()
  const { services, kept, compression, git, description, missing } = known
  const request: CreateRequest = {
    type: [...kept.values()].every((set) => set.size === 0) ? 'full' : 'incremental',
    paranoid: false,
    acceptEmpty: true,
    findBase: async (service) => openBaseOf({ files: world.files, repository, keys }, service.name, entry.id),
    consolidation: { createdAt: entry.createdAt, missing, kept, git },
    services,
    description,
    compression: { compression, level: defaultLevel[compression] },
    slotKeys,
    warnings: [],
    notices: [],
    workers: 1,
    expectedBytes: entry.bytes,
    estimate: false,
    // It takes that one's place, also under a policy for what this schedule makes.
    schedule: entry.schedule ?? null,
  }
  const about = { kind: 'consolidate' as const, about: entry.id, ...during }
  const { run, result, exitCode, durationMs } = await carryOut(world, repository, about, (story) =>
    createBackup(world, repository, session.catalog(repository), request, story),
  )
  const { entry: backup, warnings, skipped } = result
  return {
    exitCode,
    run,
    backup,
    bytes: backup.bytes ?? 0,
    storedBytes: backup.sizeBytes,
    durationMs,
    warnings,
    skipped,
  }
}

interface KnownServices {
  readonly services: readonly ServiceRequest[]
  /** By service, the archives the new one goes on to depend on. */
  readonly kept: ReadonlyMap<string, ReadonlySet<number>>
  readonly compression: Lineage['top']['place']['compression']
  readonly git: Consolidation['git']
  readonly description: string
  readonly missing: number
}

function describeServices(
  session: Session,
  entry: CatalogEntry,
  keys: Keys,
  aim: ConsolidateOptions['aim'],
): KnownServices | null {
  const { files } = session.world
  const repository = session.repository()
  const manifest = readManifest(files, repository, entry.id)
  const services: ServiceRequest[] = []
  const kept = new Map<string, ReadonlySet<number>>()
  let needed = false
  let compression: KnownServices['compression'] = 'zstd'
  for (const archive of manifest.archives) {
    const lineage = openArchive(files, repository, manifest, archive, keys)
    try {
      const { source, service } = lineage.top.root
      if (!(service.type in sources))
        throw new BackupError(
          'E_UNSUPPORTED',
          `a service of type ${service.type} cannot be consolidated`,
          'make a full backup',
        )
      compression = archive.comp
      services.push({
        name: archive.service,
        type: service.type as SourceType, // looked up just now
        paths: source.paths.map((path) => `/${pathFromJson(path)}` as BytePath),
        exclude: source.exclude ?? [],
        volumes: [],
        excludeCaches: source.excludeCaches ?? false,
        oneFileSystem: source.oneFileSystem ?? false,
        fixedBlocks: { patterns: [], blockBytes: 0 },
      })
      const chosen = aim === 'full' ? new Set<number>() : chosenFor(lineage)
      if (chosen !== null && lineage.dependencies.length > 0) needed = true
      kept.set(archive.service, chosen ?? new Set(lineage.dependencies.map(({ i }) => i)))
    } finally {
      lineage.close()
    }
  }
  const details = readDetails(manifest, keys)
  const git = new Map(details.services.map((service) => [service.name, service.git]))
  const { description, warnings: missing } = details
  return needed ? { services, kept, compression, git, description, missing } : null
}

function chosenFor(lineage: Lineage): ReadonlySet<number> | null {
  return lineage.dependencies.length <= mostDependencies ? null : chooseKept(sharesOf(lineage))
}

/** How much of each archive a backup uses, the oldest first. */
function sharesOf(lineage: Lineage): MemberShare[] {
  const used = new Map<number, number>()
  for (const entry of lineage.entries()) {
    if (entry.type !== 'file') continue
    const [only] = holdersOf(entry)
    if (entry.content.kind === 'extent' && only !== undefined) used.set(only, (used.get(only) ?? 0) + entry.sizeBytes)
    if (entry.content.kind === 'chunks')
      for (const { holder, length } of entry.content.chunks) used.set(holder, (used.get(holder) ?? 0) + length)
  }
  const members = [
    ...lineage.dependencies.map(({ i, size }) => ({ ordinal: i, storedBytes: size })),
    {
      ordinal: lineage.ordinal,
      storedBytes: lineage.top.access.fileBytes,
    },
  ]
  return members
    .sort((a, b) => a.ordinal - b.ordinal)
    .map(({ ordinal, storedBytes }, at) => ({
      ordinal,
      storedBytes,
      // Only the full one's own content is asked for: in the others it is mixed with what they took over.
      contentBytes: at === 0 ? lineage.member(ordinal).root.stats.bytes : 0,
      usedBytes: used.get(ordinal) ?? 0,
    }))
}
