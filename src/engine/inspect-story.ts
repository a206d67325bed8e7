import type { Engine } from '../model/engine.ts'
import { BackupError } from '../model/errors.ts'
import type { InspectOptions, InspectResult } from '../model/inspect.ts'
import { displayPath } from '../model/path.ts'
import { catFile, detailsIfPossible, entriesBelow, openArchive, openBackup, storedPathFromText } from './inspect.ts'
import type { Session } from './session.ts'

/** What a backup holds, by name. */
export async function inspect(
  session: Session,
  { backup, services, path }: InspectOptions,
  take: Parameters<Engine['inspect']>[1],
): Promise<InspectResult> {
  const { files } = session.world
  const repository = session.repository()
  const entry = await session.backup(repository, backup, services)
  const keys = await session.keys(repository, entry.encrypted)
  const { manifest, archives } = openBackup(files, repository, entry, services, keys)
  const details = detailsIfPossible(manifest, keys)
  if (details === null) return { manifest, details, entries: 0 }
  const below = path === null ? null : storedPathFromText(path)
  let entries = 0
  for (const archive of archives) {
    const reader = openArchive(files, repository, manifest, archive, keys)
    try {
      for (const found of entriesBelow(reader, below)) {
        entries++
        await take(archive.service, found)
      }
    } finally {
      reader.close()
    }
  }
  if (below !== null && entries === 0)
    throw new BackupError(
      'E_UNKNOWN_PATH',
      `the backup holds no ${displayPath(below)}`,
      `holdfast inspect ${entry.id} lists what it holds`,
    )
  return { manifest, details, entries }
}

/** The content of one file. */
export async function cat(
  session: Session,
  { backup, path, services }: Parameters<Engine['cat']>[0],
  take: Parameters<Engine['cat']>[1],
): Promise<void> {
  const { files } = session.world
  const repository = session.repository()
  const entry = await session.backup(repository, backup, services)
  const keys = await session.keys(repository, entry.encrypted)
  const { manifest, archives } = openBackup(files, repository, entry, services, keys)
  const readers = archives.map((archive) => openArchive(files, repository, manifest, archive, keys))
  try {
    await catFile(readers, storedPathFromText(path), take)
  } finally {
    for (const reader of readers) reader.close()
  }
}
