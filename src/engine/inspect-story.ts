import type { Engine } from '../model/engine.ts'
import { BackupError } from '../model/errors.ts'
import type { InspectOptions, InspectResult } from '../model/inspect.ts'
import { displayPath } from '../model/path.ts'
import { catFile, detailsIfPossible, entriesBelow, openNamed, storedPathFromText } from './inspect.ts'
import type { Session } from './session.ts'

/** What a backup holds, by name. */
export async function inspect(
  session: Session,
  { backup, services, path }: InspectOptions,
  take: Parameters<Engine['inspect']>[1],
): Promise<InspectResult> {
  const { entry, keys, manifest, archives, open } = await openNamed(session, backup, services)
  const details = detailsIfPossible(manifest, keys)
  if (details === null) return { manifest, details, entries: 0 }
  const below = path === null ? null : storedPathFromText(path)
  let entries = 0
  for (const archive of archives) {
    const reader = open(archive)
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
  const { archives, open } = await openNamed(session, backup, services)
  const readers = archives.map(open)
  try {
    await catFile(readers, storedPathFromText(path), take)
  } finally {
    for (const reader of readers) reader.close()
  }
}
