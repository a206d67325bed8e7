import { createHash } from 'node:crypto'
import type { CatalogEntry, Manifest, ManifestArchive, ManifestDetails } from '../model/backup.ts'
import { nearest } from '../model/configuration-keys.ts'
import { BackupError, damaged } from '../model/errors.ts'
import { type BytePath, displayPath, isWithin, pathFromText, storedPathOf } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import type { TocEntry } from '../model/toc.ts'
import { readContent } from './archive/content.ts'
import { Lineage } from './archive/lineage.ts'
import { ArchiveReader } from './archive/reader.ts'
import { holdBackup } from './hold.ts'
import type { Keys } from './keys/slots.ts'
import { archivePlace, dependencyPlace, readDetails, readManifest } from './manifest.ts'
import type { Repository } from './repository.ts'
import type { Session } from './session.ts'

/** Looking into a backup. */

export interface OpenBackup {
  readonly manifest: Manifest
  readonly archives: readonly ManifestArchive[]
}

export interface NamedBackup extends OpenBackup {
  readonly entry: CatalogEntry
  readonly keys: Keys
  open(archive: ManifestArchive): Lineage
}

/**
 * The manifest of a backup and the archives of the services asked for; all of them where none is named.
 *
 * @throws E_UNKNOWN_SERVICE, E_DAMAGED; with a key, also where the manifest was changed by somebody without one.
 */
export function openBackup(
  files: Files,
  repository: Repository,
  entry: CatalogEntry,
  services: readonly string[],
  keys: Keys,
): OpenBackup {
  const manifest = readManifest(files, repository, entry.id)
  detailsIfPossible(manifest, keys)
  const names = manifest.archives.map((archive) => archive.service)
  for (const service of services) {
    if (names.includes(service)) continue
    const near = nearest(service, names)
    throw new BackupError(
      'E_UNKNOWN_SERVICE',
      `the backup ${entry.id} has no service '${service}'`,
      near === null ? `it has: ${names.join(', ')}` : `did you mean '${near}'? it has: ${names.join(', ')}`,
    )
  }
  return {
    manifest,
    archives: manifest.archives.filter((archive) => services.length === 0 || services.includes(archive.service)),
  }
}

/** The same for a backup as it is named by a person, with the keys there are, and the way to its archives. */
export async function openNamed(session: Session, backup: string, services: readonly string[]): Promise<NamedBackup> {
  const { files } = session.world
  const repository = session.repository()
  const entry = await session.backup(repository, backup, services)
  const keys = await session.keys(repository, entry.encrypted)
  const opened = openBackup(files, repository, entry, services, keys)
  const open = (archive: ManifestArchive) => openArchive(files, repository, opened.manifest, archive, keys)
  return { ...opened, entry, keys, open }
}

/**
 * An archive of a backup, and not one of another backup or another service that was put in its place; with the older
 * archives it builds on, which are opened when they are needed. Until it is closed, nothing deletes the backup.
 */
export function openArchive(
  files: Files,
  repository: Repository,
  manifest: Manifest,
  archive: ManifestArchive,
  keys: Keys,
): Lineage {
  const hold = holdBackup(files, repository, manifest.id)
  try {
    const reader = new ArchiveReader(files, archivePlace(repository, manifest, archive), keys)
    const foreign = reader.pub !== null && reader.pub.set !== manifest.id
    if (!foreign && reader.root.service.name === archive.service)
      return new Lineage(
        reader,
        (older) => new ArchiveReader(files, dependencyPlace(files, repository, older), keys),
        hold.release,
      )
    reader.close()
  } catch (error) {
    hold.release()
    throw error
  }
  hold.release()
  throw damaged(
    `${archive.file} of ${manifest.id} belongs to another backup`,
    'bring it back from a copy of the repository',
  )
}

/** Details where the key is at hand, else null. @throws E_DAMAGED, E_KEY_WRONG. */
export function detailsIfPossible(manifest: Manifest, keys: Keys): ManifestDetails | null {
  try {
    return readDetails(manifest, keys)
  } catch (error) {
    if (error instanceof BackupError && error.code === 'E_KEY_MISSING') return null
    throw error
  }
}

/** Entries of an archive: all, or a path and what lies below it. */
export function* entriesBelow(lineage: Lineage, path: BytePath | null): Generator<TocEntry> {
  for (const entry of lineage.entries()) {
    if (path === null || isWithin(entry.path, path)) yield entry
  }
}

/** A path as typed, with or without its leading slash, as it is stored. */
export function storedPathFromText(text: string): BytePath {
  return storedPathOf(pathFromText(text.replace(/\/+$/, '')))
}

/** One file's content, checked against its hash before any byte of it is handed out. */
export async function catFile(
  lineages: readonly Lineage[],
  path: BytePath,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const found = lineages
    .map((lineage) => ({ lineage, entry: lineage.find(path) }))
    .filter(({ entry }) => entry !== undefined)
  const [first, ...others] = found
  if (first?.entry === undefined)
    throw new BackupError(
      'E_UNKNOWN_PATH',
      `the backup holds no ${displayPath(path)}`,
      'holdfast inspect lists what it holds',
    )
  if (others.length > 0)
    throw new BackupError('E_UNKNOWN_PATH', `several services hold ${displayPath(path)}`, 'choose one with --services')
  const { entry, lineage } = first
  if (entry.sha256 === null)
    throw new BackupError(
      'E_UNKNOWN_PATH',
      `${displayPath(path)} is a ${entry.type}, not a file`,
      'cat prints files only',
    )
  const hash = createHash('sha256')
  for (const piece of readContent(lineage, entry)) hash.update(piece)
  if (hash.digest('hex') !== entry.sha256)
    throw damaged(`${displayPath(path)} does not match its hash`, 'try an older backup')
  for (const piece of readContent(lineage, entry)) await take(piece)
}
