import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CatalogEntry, Manifest, ManifestDetails } from '../model/backup.ts'
import { nearest } from '../model/configuration-keys.ts'
import { BackupError } from '../model/errors.ts'
import type { Files } from '../model/ports.ts'
import { type Keys, noKeys } from './keys/slots.ts'
import { readDetails, readManifest } from './manifest.ts'
import { pinFields, readPin } from './pin-file.ts'
import { backupIds, type Repository } from './repository.ts'

/** What the engine needs of the catalog's store; handed in by the composition root. */
export interface CatalogPort {
  read(): Promise<
    | { readonly state: 'ok'; readonly value: { readonly backups: readonly CatalogEntry[] } }
    | { readonly state: 'absent' }
    | { readonly state: 'damaged'; readonly why: string }
  >
  update(change: (backups: readonly CatalogEntry[]) => readonly CatalogEntry[]): Promise<unknown>
  updateExisting(change: (backups: readonly CatalogEntry[]) => readonly CatalogEntry[]): Promise<unknown>
  replace(backups: readonly CatalogEntry[]): Promise<string | null>
}

export interface Listing {
  /** Newest first. */
  readonly backups: readonly CatalogEntry[]
  /** What is wrong with the catalog, and what to do; the list is complete all the same. */
  readonly problems: readonly string[]
  /** What keeps the catalog from being believed; null where it is whole. */
  readonly distrust: BackupError | null
  /** Ids of backups in archives/ of which neither catalog nor manifest tells anything. */
  readonly unknown: readonly string[]
  /** Deleted by runs that died before the catalog could forget them. */
  readonly deleted: readonly CatalogEntry[]
}

/**
 * All backups, as the catalog tells and archives/ confirms: the catalog is a cache and never decides what exists.
 * A backup it does not know is read from its manifest; one whose directory is gone is flagged.
 */
export async function listBackups(files: Files, repository: Repository, catalog: CatalogPort): Promise<Listing> {
  const ids = backupIds(files, repository)
  const found = await catalog.read()
  const problems: string[] = []
  const unknown: string[] = []
  if (found.state === 'damaged')
    problems.push(`metadata.json is damaged: ${found.why}; this was read from archives/ instead; run: holdfast rebuild`)
  if (found.state === 'absent' && ids.length > 0)
    problems.push('metadata.json is missing; this was read from archives/ instead; run: holdfast rebuild')
  const known = new Map((found.state === 'ok' ? found.value.backups : []).map((entry) => [entry.id, entry]))
  const backups: CatalogEntry[] = []
  for (const [at, id] of ids.entries()) {
    if (at % turnEvery === turnEvery - 1) await nextTurn()
    const entry = known.get(id)
    if (entry !== undefined) {
      known.delete(id)
      backups.push(entry)
      continue
    }
    try {
      backups.push(entryFromManifest(files, repository, id, noKeys))
    } catch (error) {
      if (!(error instanceof BackupError)) throw error
      if (files.status(repository.backup(id)) === undefined) continue // deleted since the names were read
      problems.push(`${id} cannot be listed: ${error.message}`)
      unknown.push(id)
    }
  }
  const [gone, deleted]: [CatalogEntry[], CatalogEntry[]] = [[], []]
  for (const entry of known.values()) {
    if (entry.deleting === true) deleted.push(entry)
    else if (files.status(repository.backup(entry.id)) === undefined) gone.push(entry)
    else backups.push(entry) // made since the names were read
  }
  for (const entry of gone) backups.push({ ...entry, missing: true })
  if (gone.length > 0) problems.push(goneText(gone.map(({ id }) => id)))
  return { backups: backups.sort(newestFirst), problems, distrust: distrustOf(found, ids.length), unknown, deleted }
}

function distrustOf(found: Awaited<ReturnType<CatalogPort['read']>>, present: number): BackupError | null {
  if (found.state === 'damaged')
    return new BackupError('E_CATALOG', `the catalog metadata.json is damaged: ${found.why}`, 'run: holdfast rebuild')
  if (found.state === 'absent' && present > 0)
    return new BackupError('E_CATALOG', 'the catalog metadata.json is missing', 'run: holdfast rebuild')
  return null
}

const namedGone = 3
/** Backups of a long history that are looked at before others have the thread for a moment: keys, clocks, signals. */
export const turnEvery = 2000

function goneText(ids: readonly string[]): string {
  const named = ids.slice(0, namedGone).join(', ')
  const which = ids.length > namedGone ? `${ids.length} backups, among them ${named},` : named
  const verb = ids.length === 1 ? 'is' : 'are'
  return `${which} ${verb} in metadata.json, but gone from archives/; bring ${ids.length === 1 ? 'it' : 'them'} back from a copy, or run: holdfast rebuild`
}

/**
 * By the time whose state a backup holds (`createdAt`, ISO 8601, UTC): one that was consolidated holds that of the
 * backup it was made from, and comes before it, as it depends on less.
 */
function newestFirst(a: CatalogEntry, b: CatalogEntry): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1
  if (a.deps.length !== b.deps.length) return a.deps.length - b.deps.length
  return a.id < b.id ? 1 : -1
}

/** An entry from the manifest alone; what only a key would tell is null without one. */
export function entryFromManifest(files: Files, repository: Repository, id: string, keys: Keys): CatalogEntry {
  const manifest = readManifest(files, repository, id)
  let details: ManifestDetails | null = null
  try {
    details = readDetails(manifest, keys)
  } catch (error) {
    if (!(error instanceof BackupError && (error.code === 'E_KEY_MISSING' || error.code === 'E_KEY_WRONG'))) throw error
  }
  return { ...catalogEntry(manifest, details), ...pinFields(readPin(files, repository, id)) }
}

export function catalogEntry(manifest: Manifest, details: ManifestDetails | null): CatalogEntry {
  const sum = (pick: (service: ManifestDetails['services'][number]) => number): number | null =>
    details?.services.reduce((total, service) => total + pick(service), 0) ?? null
  return {
    id: manifest.id,
    type: manifest.type,
    createdAt: manifest.createdAt,
    description: details?.description ?? null,
    services: [...new Set(manifest.archives.map((archive) => archive.service))],
    base: manifest.base ?? null,
    deps: manifest.deps,
    sizeBytes: manifest.archives.reduce((total, archive) => total + archive.size, 0),
    bytes: sum((service) => service.bytes),
    reusedBytes: sum((service) => service.reusedBytes),
    files: sum((service) => service.files),
    warnings: details?.warnings ?? null,
    durationMs: details?.durationMs ?? null,
    encrypted: manifest.sealed !== undefined,
    pinned: false,
    legalHold: null,
    schedule: manifest.schedule ?? null,
    verified: null,
  }
}

/** The backup an operator means: an id, a unique part of four or more characters, or `latest`. */
export function chooseBackup(
  backups: readonly CatalogEntry[],
  wanted: string,
  services: readonly string[] = [],
): CatalogEntry {
  const usable = backups.filter((entry) => entry.missing !== true)
  if (wanted === 'latest') {
    const latest = usable.find(
      (entry) => entry.type !== 'safety' && services.every((service) => entry.services.includes(service)),
    )
    if (latest === undefined) {
      const which = services.length === 0 ? 'no backup yet' : `no backup that holds ${services.join(', ')}`
      throw new BackupError('E_UNKNOWN_ID', `there is ${which}`, 'make one with: holdfast create')
    }
    return latest
  }
  const exact = backups.find((entry) => entry.id === wanted)
  const matches =
    exact !== undefined ? [exact] : wanted.length < 4 ? [] : backups.filter((entry) => entry.id.includes(wanted))
  const [only, ...others] = matches
  if (only === undefined) {
    const near = nearest(wanted, ['latest'])
    const hint =
      near !== null
        ? `did you mean ${near}?`
        : wanted.length < 4
          ? 'a shortened id needs four characters or more'
          : 'holdfast list shows the ids there are'
    throw new BackupError('E_UNKNOWN_ID', `there is no backup '${wanted}'`, hint)
  }
  if (others.length > 0) {
    throw new BackupError(
      'E_UNKNOWN_ID',
      `'${wanted}' may mean ${matches.length} backups: ${matches
        .slice(0, 4)
        .map(({ id }) => id)
        .join(', ')}${matches.length > 4 ? ', …' : ''}`,
      'give more of the id',
    )
  }
  if (only.missing === true)
    throw new BackupError(
      'E_ARCHIVE_MISSING',
      `the directory of ${only.id} is gone from archives/`,
      'bring it back from a copy of the repository, or run: holdfast rebuild',
    )
  return only
}
