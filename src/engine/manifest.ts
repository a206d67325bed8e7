import { createHash } from 'node:crypto'
import {
  backupIdSchema,
  type Manifest,
  type ManifestArchive,
  type ManifestDetails,
  manifestDetailsSchema,
  manifestSchema,
} from '../model/backup.ts'
import { BackupError, damaged } from '../model/errors.ts'
import { compressionSuffix, compressions } from '../model/format.ts'
import { type BytePath, joinPath, printable } from '../model/path.ts'
import type { Files, Random } from '../model/ports.ts'
import type { Dependency } from './archive/lineage.ts'
import type { ArchivePlace } from './archive/reader.ts'
import { canonicalJson, openBox, sealBox } from './archive/sealed-box.ts'
import type { Keys, SlotKey } from './keys/slots.ts'
import { readText } from './platform/json-file.ts'
import type { Repository } from './repository.ts'

/** manifest.json: written last, so that a backup exists if and only if it is there. */

/** The file's text, with what only a key holder may know sealed for every key; in clear where there is no key. */
export function encodeManifest(
  bare: Omit<Manifest, 'sealed' | 'details'>,
  details: ManifestDetails,
  slotKeys: readonly SlotKey[],
  random: Random,
): string {
  if (slotKeys.length === 0) return `${JSON.stringify({ ...bare, details }, null, 2)}\n`
  const sealed = sealBox(
    bare.id as string,
    Buffer.from(JSON.stringify(details)),
    associatedData(bare),
    slotKeys,
    random,
  )
  return `${JSON.stringify({ ...bare, sealed }, null, 2)}\n`
}

/** @throws E_DAMAGED, E_ARCHIVE_MISSING where the backup has no manifest. */
export function readManifest(files: Files, repository: Repository, id: string): Manifest {
  const path = repository.manifest(id)
  const text = readText(files, path)
  if (text === null)
    throw new BackupError(
      'E_ARCHIVE_MISSING',
      `the backup ${id} has no manifest`,
      'bring it back from a copy of the repository',
    )
  return parseManifest(text, id)
}

/** @throws E_DAMAGED where the text is no manifest of the backup `id`. */
export function parseManifest(text: string, id: string): Manifest {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw damaged(`the manifest of ${id} is not JSON`, 'bring it back from a copy of the repository')
  }
  const parsed = manifestSchema.safeParse(json)
  if (!parsed.success) {
    throw damaged(`the manifest of ${id} is malformed at '${parsed.error.issues[0]?.path.join('.') ?? ''}'`)
  }
  if (parsed.data.id !== id) throw damaged(`the manifest of ${id} belongs to the backup ${parsed.data.id}`)
  return parsed.data
}

/**
 * The part of a manifest that needs the key.
 *
 * @throws E_KEY_MISSING, E_KEY_WRONG, E_DAMAGED where anything in the manifest was changed.
 */
export function readDetails(manifest: Manifest, keys: Keys): ManifestDetails {
  if (manifest.sealed === undefined) {
    if (manifest.details === undefined) throw damaged(`the manifest of ${manifest.id} holds no details`)
    return manifest.details
  }
  const { sealed, ...bare } = manifest
  const bytes = openBox(manifest.id, sealed, associatedData(bare), keys)
  const parsed = manifestDetailsSchema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  if (!parsed.success) throw damaged(`the sealed part of the manifest of ${manifest.id} is malformed`)
  return parsed.data
}

export function archivePlace(repository: Repository, manifest: Manifest, archive: ManifestArchive): ArchivePlace {
  const [offset, compressedBytes, inner, rootBytes] = archive.root
  return {
    path: joinPath(repository.backup(manifest.id), archive.file as BytePath),
    id: archive.id,
    compression: archive.comp,
    encrypted: manifest.sealed !== undefined,
    headerCopy: joinPath(repository.headers, archive.id as BytePath),
    root: { offset, compressedBytes, inner, rootBytes },
  }
}

/**
 * Where an archive that another one builds on lies. Its own manifest tells; where that is gone, the name does.
 *
 * @throws E_DAMAGED where the name is none that a backup's archive may have.
 */
export function dependencyPlace(files: Files, repository: Repository, { id, file }: Dependency): ArchivePlace {
  const [backup = '', name = '', ...more] = file.split('/')
  const compression = compressions.find((candidate) => name.includes(compressionSuffix[candidate]))
  if (!backupIdSchema.safeParse(backup).success || more.length > 0 || compression === undefined)
    throw damaged(`'${printable(file)}' is no archive's name`)
  try {
    const manifest = readManifest(files, repository, backup)
    const archive = manifest.archives.find((candidate) => candidate.id === id)
    if (archive !== undefined) return archivePlace(repository, manifest, archive)
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
  }
  return {
    path: joinPath(repository.backup(backup), name as BytePath),
    id,
    compression,
    encrypted: name.endsWith('.enc'),
    headerCopy: joinPath(repository.headers, id as BytePath),
    root: { offset: 0, compressedBytes: 0, inner: 0, rootBytes: 0 },
  }
}

/** Binds the box to everything in clear beside it. */
function associatedData(bare: object): Uint8Array {
  return createHash('sha256').update(canonicalJson(bare)).digest()
}
