import type { CatalogEntry } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, joinPath, pathFromText } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { encodeOwnFileHeader, paddedBytes } from './archive/tar-header.ts'
import { readFully } from './platform/read-fully.ts'
import type { Repository } from './repository.ts'

/**
 * A backup as one tar: its directory as it lies in archives/, and the recovery scripts beside it. Whoever unpacks it
 * on a bare machine has all that is needed to restore, but for the key. Returns the tar's length.
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
  await addDirectory(repository.backup(entry.id), `archives/${entry.id}`)
  await addDirectory(repository.recovery, 'recovery')
  await give(new Uint8Array(1024))
  return total
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
    files.close(fd)
  }
}
