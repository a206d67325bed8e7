import type { BackupType, CatalogEntry } from '../../model/backup.ts'
import { BackupError } from '../../model/errors.ts'
import { limits } from '../../model/format.ts'
import { displayPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { Dependency, Lineage } from '../archive/lineage.ts'
import { openArchive } from '../inspect.ts'
import type { Keys } from '../keys/slots.ts'
import { readDetails, readManifest } from '../manifest.ts'
import type { Repository } from '../repository.ts'
import type { ServiceRequest } from '../service-request.ts'
import { rootsOf } from '../sources/files.ts'

/** The archive of an older backup that a new one of the same service builds on. */
export interface Base {
  readonly backup: string
  readonly lineage: Lineage
  /** Ordinals of its archives that can be read; null where all can. What lies in the others is read anew. */
  readonly usable: ReadonlySet<number> | null
  /** When the backup began, by the clock of that time: milliseconds since 1970. */
  readonly startedMs: number
  /** The base and what it depends on, as far as usable: what a new archive may refer to. */
  readonly dependencies: readonly Dependency[]
}

export interface BaseSearch {
  readonly files: Files
  readonly repository: Repository
  readonly keys: Keys
  /** Newest first. */
  readonly backups: readonly CatalogEntry[]
  readonly hears: BaseNews
}

export interface BaseWish {
  /** One that depends on nothing. */
  readonly onlyFull: boolean
  /** What is encrypted takes nothing from where everybody can read it, or could have written it. */
  readonly onlyEncrypted: boolean
}

/** Hears why a backup or a part of it cannot be built upon. */
export interface BaseNews {
  warn(what: string): void
  /** What is no trouble. */
  note(what: string): void
}

export const nobodyHears: BaseNews = { warn: () => {}, note: () => {} }

/** PATHs of the command line form one service of this name; others every time. */
const pathsService = 'paths'

/** Backups whose archives need no others. */
const selfContained: readonly BackupType[] = ['full', 'service']

type BaseOf = Pick<ServiceRequest, 'name' | 'paths' | 'exclude' | 'volumes'>

/**
 * The newest backup of a service that can be built upon. Null where there is none. Its owner closes the lineage.
 */
export function openBase(search: BaseSearch, service: BaseOf, { onlyFull, onlyEncrypted }: BaseWish): Base | null {
  let without: Base | null = null
  let readable: string | null = null
  for (const entry of search.backups) {
    if (entry.missing === true || entry.type === 'safety' || !entry.services.includes(service.name)) continue
    if (onlyFull && !selfContained.includes(entry.type)) continue
    try {
      const base = openFrom(search, service, entry, onlyEncrypted)
      if (base === 'readable') readable ??= entry.id
      if (base === null || base === 'readable') continue
      if (!lacksVolumes(base.lineage, service)) {
        without?.lineage.close()
        return base
      }
      if (without === null) without = base
      else base.lineage.close()
    } catch (error) {
      if (!(error instanceof BackupError)) throw error
      search.hears.warn(`${entry.id} cannot be built upon: ${error.message}`)
    }
  }
  if (without === null && readable !== null)
    search.hears.note(`${readable} is not encrypted, and a backup that is must not depend on what everybody can read`)
  return without
}

/** What was left out of a backup would all be stored again on top of it; an older one may have it. */
function lacksVolumes({ top: { root } }: Lineage, { volumes, exclude }: BaseOf): boolean {
  return volumes.some((volume) => root.source.exclude?.includes(volume) && !exclude.includes(volume))
}

/** A given backup as the base of one of its services. @throws E_ARCHIVE_MISSING, E_DAMAGED, also for those it needs. */
export function openBaseOf(
  { files, repository, keys }: Pick<BaseSearch, 'files' | 'repository' | 'keys'>,
  service: string,
  backup: string,
): Base | null {
  const manifest = readManifest(files, repository, backup)
  const archive = manifest.archives.find((candidate) => candidate.service === service)
  if (archive === undefined) return null
  const lineage = openArchive(files, repository, manifest, archive, keys)
  try {
    for (const { i } of lineage.dependencies) lineage.member(i)
    const dependencies = [ownOf(lineage, manifest.id, archive.file), ...lineage.dependencies]
    return { backup, lineage, usable: null, startedMs: Date.parse(manifest.createdAt), dependencies }
  } catch (error) {
    lineage.close()
    throw error
  }
}

function ownOf({ top }: Lineage, backup: string, file: string): Dependency {
  const { root, rootSha256, access } = top
  return { i: root.ord, id: root.id, file: `${backup}/${file}`, size: access.fileBytes, root: rootSha256 }
}

function openFrom(
  { files, repository, keys, hears }: BaseSearch,
  service: BaseOf,
  entry: CatalogEntry,
  onlyEncrypted: boolean,
): Base | 'readable' | null {
  const manifest = readManifest(files, repository, entry.id)
  const archive = manifest.archives.find((candidate) => candidate.service === service.name)
  if (archive === undefined) return null
  if (service.name === pathsService && !samePaths(service, readDetails(manifest, keys).services)) return null
  if (onlyEncrypted && manifest.sealed === undefined) return 'readable'
  const lineage = openArchive(files, repository, manifest, archive, keys)
  try {
    const { root } = lineage.top
    requireContents(lineage)
    const own = ownOf(lineage, manifest.id, archive.file)
    const older = root.deps.filter((dependency) => isUsable(lineage, dependency, onlyEncrypted, hears))
    const dependencies = [own, ...older]
    if (dependencies.length > limits.dependencies) {
      hears.warn(`${entry.id} depends on ${older.length} older archives already, which is the most there may be`)
      lineage.close()
      return null
    }
    const usable = older.length === root.deps.length ? null : new Set(dependencies.map(({ i }) => i))
    return { backup: entry.id, lineage, usable, startedMs: Date.parse(manifest.createdAt), dependencies }
  } catch (error) {
    lineage.close()
    throw error
  }
}

/** @throws where no page of its table of contents can be read: what is made on top of it would depend on nothing. */
function requireContents(lineage: Lineage): void {
  let why: BackupError | null = null
  for (const page of lineage.top.root.toc.pages) {
    try {
      lineage.pageLines(page)
      return
    } catch (error) {
      if (!(error instanceof BackupError)) throw error
      why ??= error
    }
  }
  if (why !== null) throw why
}

function isUsable(lineage: Lineage, { i, file }: Dependency, onlyEncrypted: boolean, hears: BaseNews): boolean {
  try {
    const { encrypted } = lineage.member(i).place
    return encrypted || !onlyEncrypted
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    hears.warn(`${file} cannot be built upon, and what it holds is stored anew: ${error.message}`)
    return false
  }
}

function samePaths(
  service: Pick<ServiceRequest, 'name' | 'paths'>,
  services: readonly { name: string; paths: readonly string[] }[],
): boolean {
  const before = services.find(({ name }) => name === service.name)?.paths ?? []
  return rootsOf(service.paths).map(displayPath).join('\n') === before.join('\n')
}
