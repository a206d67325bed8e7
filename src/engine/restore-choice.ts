import type { CatalogEntry } from '../model/backup.ts'
import { nearest } from '../model/configuration-keys.ts'
import { BackupError } from '../model/errors.ts'
import { instantOf, isoOf } from '../model/instant.ts'
import { displayPath } from '../model/path.ts'
import type { RestoreOptions } from '../model/planned-restore.ts'
import type { ChosenBy } from '../model/restore-plan.ts'
import { formatNumberOf } from '../model/units.ts'
import type { Lineage } from './archive/lineage.ts'
import { jsonPath } from './archive/toc-pages.ts'
import { detailsIfPossible, openArchive, storedPathFromText } from './inspect.ts'
import type { Keys } from './keys/slots.ts'
import { readDetails, readManifest } from './manifest.ts'
import { type AskedTime, readTime, timeIn } from './plan/asked-time.ts'
import {
  isRestorePoint,
  type Lacking,
  type Lineup,
  lineupsAt,
  type Overlap,
  pathsService,
  settlePaths,
} from './plan/point-in-time.ts'
import { soundnessOf } from './plan/soundness.ts'
import { openZone } from './plan/zone.ts'
import type { Repository } from './repository.ts'
import type { Session } from './session.ts'

/** The backups a restore takes, where nobody named one: as of a time, or the last that holds a path. */

export interface OpenChoice {
  readonly entry: CatalogEntry
  readonly service: string
  readonly file: string
  /** Its owner closes it. */
  readonly lineage: Lineage
}

export interface Choice {
  /** At least one; the newest first. */
  readonly open: readonly [OpenChoice, ...OpenChoice[]]
  readonly chosen: ChosenBy
  /** What a person should know of the choice. */
  readonly notes: readonly string[]
}

type At = Extract<RestoreOptions['source'], { kind: 'at' }>
type Last = Extract<RestoreOptions['source'], { kind: 'last' }>

/**
 * Of every service the newest sound backup at or before a time. One that turns out damaged when it is opened gives way
 * to the next older one, and that is told.
 *
 * @throws E_USAGE for a time that is none, E_UNKNOWN_SERVICE, E_UNKNOWN_ID where no service has a backup that old.
 */
export async function chooseAt(session: Session, repository: Repository, source: At): Promise<Choice> {
  const search = await Search.of(session, repository)
  const zone = openZone(session.parts.configured.settings.timeZone)
  const asked = readTime(source.time, zone, session.world.clock.now())
  const known = search.services(session.parts.configured.services.map(({ name }) => name))
  requireKnown(source.services, known)
  const { lineups, lacking } = lineupsAt({
    backups: search.backups,
    instant: asked.instant,
    services: source.services.length > 0 ? source.services : known,
    isGood: search.isGood,
    pathsOf: (entry) => search.pathsOf(entry),
  })
  if (lineups.length === 0) throw nothingThen(asked, lacking, (at) => timeIn(zone, at))
  const { kept, covered, overlap } = settlePaths(lineups)
  if (overlap !== null) throw ambiguous(asked, overlap)
  for (const { candidates, paths } of covered)
    search.notes.push(
      `${candidates[0]?.id} is left out: a newer backup of paths holds ${paths?.map((path) => `/${path}`).join(', ')} too`,
    )
  const open: OpenChoice[] = []
  const missed: Lacking[] = [...lacking]
  try {
    for (const lineup of kept) {
      const found = search.firstThatOpens(lineup)
      if (found === null) missed.push({ service: lineup.service, firstAt: null })
      else open.push(found)
    }
    for (const { entry, service } of open) search.noteIncomplete(entry, service)
    const [newest, ...others] = open.toSorted(newestFirst)
    if (newest === undefined) throw nothingThen(asked, missed, (at) => timeIn(zone, at))
    const at = isoOf(asked.instant)
    const chosen: ChosenBy = { by: 'at', at, text: asked.text, lacking: missed }
    return { open: [newest, ...others], chosen, notes: search.notes }
  } catch (error) {
    for (const { lineage } of open) lineage.close()
    throw error
  }
}

function newestFirst({ entry: a }: OpenChoice, { entry: b }: OpenChoice): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0
}

/** The newest sound backup that holds a path. @throws E_UNKNOWN_PATH where none does. */
export async function chooseLast(session: Session, repository: Repository, source: Last): Promise<Choice> {
  const search = await Search.of(session, repository)
  requireKnown(source.services, search.services(session.parts.configured.services.map(({ name }) => name)))
  const path = storedPathFromText(source.path)
  const without: CatalogEntry[] = []
  for (const entry of search.backups) {
    if (!isRestorePoint(entry) || !search.isGood(entry)) continue
    const told = search.notes.length
    const services = source.services.length > 0 ? source.services : entry.services
    for (const service of services.filter((name) => entry.services.includes(name))) {
      const found = search.open(entry, service)
      if (found === null) continue
      if (search.holds(found, path)) {
        const now = session.world.clock.now()
        const { length } = without.filter((newer) => newer.services.includes(service))
        if (length > 0)
          search.notes.push(
            `${formatNumberOf(length, `newer backup of ${service} does`, `newer backups of ${service} do`)} not hold it`,
          )
        search.noteIncomplete(entry, service)
        const zone = openZone(session.parts.configured.settings.timeZone)
        const at = isoOf(now)
        const chosen: ChosenBy = { by: 'last', at, text: timeIn(zone, now), path: jsonPath(path), lacking: [] }
        return { open: [found], chosen, notes: search.notes }
      }
      found.lineage.close()
    }
    if (search.notes.length === told) without.push(entry)
  }
  const which = source.services.length === 0 ? 'no backup' : `no backup of ${source.services.join(', ')}`
  throw new BackupError(
    'E_UNKNOWN_PATH',
    `${which} holds ${displayPath(path)}${search.notes.length > 0 ? `; ${search.notes.join('; ')}` : ''}`,
    'name the whole path as it was backed up; holdfast inspect ID lists what a backup holds',
  )
}

class Search {
  readonly backups: readonly CatalogEntry[]
  readonly notes: string[] = []
  readonly isGood: (entry: CatalogEntry) => boolean
  readonly #session: Session
  readonly #repository: Repository
  readonly #keys: Keys

  static async of(session: Session, repository: Repository): Promise<Search> {
    const backups = await session.backups(repository)
    const keys = await session.keys(
      repository,
      backups.some(({ encrypted }) => encrypted),
    )
    return new Search(session, repository, backups, keys)
  }

  constructor(session: Session, repository: Repository, backups: readonly CatalogEntry[], keys: Keys) {
    this.#session = session
    this.#repository = repository
    this.#keys = keys
    this.backups = backups
    this.isGood = soundnessOf(backups, new Set()).isGood
  }

  /** Configured or backed up; the configured first. */
  services(configured: readonly string[]): string[] {
    const backedUp = this.backups.filter(({ type }) => type !== 'safety').flatMap(({ services }) => services)
    return [...new Set([...configured, ...backedUp])]
  }

  pathsOf(entry: CatalogEntry): readonly string[] | null {
    return this.#unlessDamaged(entry, () => {
      const manifest = readManifest(this.#session.world.files, this.#repository, entry.id)
      const { services } = readDetails(manifest, this.#keys)
      return services.find(({ name }) => name === pathsService)?.paths ?? null
    })
  }

  firstThatOpens({ service, candidates }: Lineup): OpenChoice | null {
    for (const entry of candidates) {
      const open = this.open(entry, service)
      if (open !== null) return open
    }
    return null
  }

  /** Null where it, or an older archive it needs, is not there or damaged. */
  open(entry: CatalogEntry, service: string): OpenChoice | null {
    return this.#unlessDamaged(entry, () => {
      const { files } = this.#session.world
      const manifest = readManifest(files, this.#repository, entry.id)
      detailsIfPossible(manifest, this.#keys)
      const archive = manifest.archives.find((one) => one.service === service)
      if (archive === undefined) return null
      const lineage = openArchive(files, this.#repository, manifest, archive, this.#keys)
      try {
        for (const { i } of lineage.dependencies) lineage.member(i)
        return { entry, service, file: archive.file, lineage }
      } catch (error) {
        lineage.close()
        throw error
      }
    })
  }

  /** False where the page that would list it cannot be read, which is told. */
  holds({ entry, lineage }: OpenChoice, path: Parameters<Lineage['find']>[0]): boolean {
    try {
      return this.#unlessDamaged(entry, () => lineage.find(path)) != null
    } catch (error) {
      lineage.close()
      throw error
    }
  }

  noteIncomplete({ id, warnings }: CatalogEntry, service: string): void {
    if ((warnings ?? 0) > 0)
      this.notes.push(
        `${id}, of which ${service} is taken, is incomplete: it was made with ${formatNumberOf(warnings ?? 0, 'warning')}`,
      )
  }

  #unlessDamaged<Found>({ id }: CatalogEntry, look: () => Found): Found | null {
    try {
      return look()
    } catch (error) {
      if (!(error instanceof BackupError) || (error.code !== 'E_DAMAGED' && error.code !== 'E_ARCHIVE_MISSING'))
        throw error
      const note = `${id} is passed over: ${error.message}`
      if (!this.notes.includes(note)) this.notes.push(note)
      return null
    }
  }
}

function requireKnown(wanted: readonly string[], known: readonly string[]): void {
  for (const name of wanted) {
    if (known.includes(name)) continue
    const near = nearest(name, known)
    throw new BackupError(
      'E_UNKNOWN_SERVICE',
      `there is no service '${name}', neither configured nor in a backup`,
      near === null ? `there are: ${known.join(', ')}` : `did you mean '${near}'?`,
    )
  }
}

/** What lacks, for people; the time of the first backup as `show` tells it. */
export function lackingText({ service, firstAt }: Lacking, show: (instant: number) => string): string {
  return firstAt === null
    ? `${service} has no sound backup that old`
    : `the first sound backup of ${service} is of ${show(instantOf(firstAt))}`
}

function nothingThen({ text }: AskedTime, lacking: readonly Lacking[], show: (at: number) => string): BackupError {
  const why = lacking.map((one) => lackingText(one, show))
  return new BackupError(
    'E_UNKNOWN_ID',
    `there is no backup at or before ${text}${why.length > 0 ? `: ${why.join('; ')}` : ''}`,
    'holdfast list shows what there is',
  )
}

function ambiguous({ text }: AskedTime, { newer, older }: Overlap): BackupError {
  const name = ({ candidates, paths }: Lineup) =>
    `${candidates[0]?.id} (${paths?.map((path) => `/${path}`).join(', ')})`
  return new BackupError(
    'E_USAGE',
    `backups of overlapping paths lie before ${text}, and both hold some of the same files: ${name(newer)} and ${name(older)}`,
    'restore the one that is meant by its id, or name other services with --services',
  )
}
