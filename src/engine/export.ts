import type { CatalogEntry } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, joinPath, pathFromText } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { encodeOwnFileHeader, paddedBytes } from './archive/tar-header.ts'
import { holdBackup } from './hold.ts'
import { letGo } from './platform/let-go.ts'
import { readFully } from './platform/read-fully.ts'
import type { Repository } from './repository.ts'

/**
 * A backup as one tar: its directory as it lies in archives/, those of the backups it needs, and the recovery scripts
 * beside them. Whoever unpacks it on a bare machine has all that is needed to restore, but for the key. Returns the
 * tar's length.
 *
 * @throws E_ARCHIVE_MISSING where a backup it needs is gone; nothing was handed out then.
 */
export async function exportBackup(
  files: Files,
  repository: Repository,
  entry: CatalogEntry,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<number> {
  let total = 0
  const give = async (bytes: Uint8Array): Promise<void> => {
    total += bytes.length
    await take(bytes)
  }
  const addDirectory = async (directory: BytePath, name: string): Promise<void> => {
    for (const file of files.names(directory).sort())
      await addFile(files, joinPath(directory, file), `${name}/${file}`, give)
  }
  const ids = [entry.id, ...entry.deps]
  const hold = holdBackup(files, repository, entry.id)
  try {
    for (const id of ids) requireBackup(files, repository, entry.id, id)
    for (const id of ids) await addDirectory(repository.backup(id), `archives/${id}`)
    await addDirectory(repository.recovery, 'recovery')
    await give(new Uint8Array(1024))
    return total
  } finally {
    hold.release()
  }
}

function requireBackup(files: Files, repository: Repository, exported: string, id: string): void {
  if (files.status(repository.backup(id)) !== undefined) return
  throw new BackupError(
    'E_ARCHIVE_MISSING',
    id === exported ? `${id} is gone` : `${exported} needs ${id}, which is gone`,
    `bring ${id} back from a copy of the repository; holdfast verify tells what can still be restored`,
  )
}

async function addFile(
  files: Files,
  path: BytePath,
  name: string,
  give: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const fd = files.open(path, 'read')
  try {
    const { sizeBytes } = files.statusOf(fd)
    await give(encodeOwnFileHeader(pathFromText(name), sizeBytes))
    for (let position = 0; position < sizeBytes; ) {
      const piece = Buffer.allocUnsafe(Math.min(1 << 20, sizeBytes - position))
      if (readFully(files, fd, piece, position) < piece.length)
        throw new BackupError('E_IO', `${name} became shorter while it was exported`)
      await give(piece)
      position += piece.length
    }
    await give(new Uint8Array(paddedBytes(sizeBytes) - sizeBytes))
  } finally {
    letGo(files, fd)
  }
}
