import type { Manifest, ManifestArchive } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import type { KeyDescription } from '../model/keys.ts'
import { type BytePath, displayPath, joinPath } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { headerWithSlots } from './archive/header.ts'
import { archiveBytes } from './archive/reader.ts'
import { openArchiveFile } from './archive/stream-reader.ts'
import { addMember, memberOpenedBy, unlockKeyring } from './keys/keyring.ts'
import type { Keys, SlotKey } from './keys/slots.ts'
import { archivePlace, encodeManifest, readDetails, readManifest } from './manifest.ts'
import { replaceFile, writeNew } from './platform/json-file.ts'
import { letGo } from './platform/let-go.ts'
import { acquireLock } from './platform/lock.ts'
import { backupIds, type Repository, type World } from './repository.ts'
import type { Ending, Run } from './run.ts'
import { type FoundKey, readKeyring } from './unlock.ts'

/** The keys of a repository: who has one, and letting in one more. */

export function describeKeys(files: Files, repository: Repository, found: FoundKey | null): KeyDescription[] {
  const keyring = readKeyring(files, repository)
  if (keyring === null) return []
  const current = found === null ? null : memberOpenedBy(keyring, found.secret)
  return keyring.keys.map(({ kid, type, label, created }) => ({ kid, type, label, created, current: kid === current }))
}

const lockMs = 60_000

export interface AddedKey {
  readonly kid: string
  readonly type: string
  /** Archives that the new key did not open before. */
  readonly archives: number
  readonly problems: readonly string[]
}

/**
 * Lets another key open the repository: first the keyring, so that every backup from now on is wrapped for it, then
 * every archive there is. Run again with the same key after an interruption, it does what was left undone.
 *
 * @throws E_KEY_MISSING, E_KEY_WRONG, E_KEYRING, E_BUSY.
 */
export async function addKey(
  world: World,
  repository: Repository,
  found: FoundKey | null,
  slotKey: SlotKey,
  label: string,
  run: Run,
): Promise<Ending<AddedKey>> {
  const { files, clock, random } = world
  if (found === null) {
    const hint = 'set BACKUP_ENCRYPTION_KEY'
    throw new BackupError('E_KEY_MISSING', 'a key of the repository is needed to let in another', hint)
  }
  const request = { waitMs: lockMs, signal: run.signal, holder: run.holder, clock }
  const lock = await acquireLock(files, repository.lock('keys'), request)
  try {
    const keyring = readKeyring(files, repository)
    if (keyring === null) {
      const hint = 'it is not encrypted, or keys/keyring.json was lost; holdfast create makes one'
      throw new BackupError('E_KEYRING', 'the repository has no keyring', hint)
    }
    const unlocked = unlockKeyring(keyring, found.secret)
    const { kid, t } = slotKey.template
    let members = unlocked.slotKeys
    if (!keyring.keys.some((member) => member.kid === kid)) {
      const added = addMember(keyring, unlocked, slotKey, label, clock.now(), random)
      await replaceFile(files, repository.keyring, `${JSON.stringify(added.keyring, null, 2)}\n`)
      members = added.unlocked.slotKeys
    }
    // Creates that began before wrap for the members they saw; those that begin now see the new one.
    for (const name of files.names(repository.locks)) {
      if (name.startsWith('service-')) (await acquireLock(files, repository.lock(name), request)).release()
    }
    const keys: Keys = { secrets: [found.secret], slotKeys: members }
    const problems: string[] = []
    let archives = 0
    const ids = backupIds(files, repository)
    for (const [at, id] of ids.entries()) {
      run.signal.throwIfAborted()
      try {
        archives += await addToBackup(world, repository, id, keys, members)
      } catch (error) {
        if (!(error instanceof BackupError)) throw error
        problems.push(`${id}: ${error.message}`)
        run.tell({ kind: 'warning', message: `the new key does not open ${id}: ${error.message}` })
      }
      run.tell({ kind: 'progress', doneBytes: 0, totalBytes: null, doneEntries: at + 1, totalEntries: ids.length })
    }
    return { result: { kid, type: t, archives, problems }, report: { kid, archives }, warnings: problems.length > 0 }
  } finally {
    lock.release()
  }
}

async function addToBackup(
  world: World,
  repository: Repository,
  id: string,
  keys: Keys,
  members: readonly SlotKey[],
): Promise<number> {
  const manifest = readManifest(world.files, repository, id)
  if (manifest.sealed === undefined) return 0
  let changed = 0
  for (const archive of manifest.archives)
    changed += (await addToArchive(world, repository, manifest, archive, keys, members)) ? 1 : 0
  const details = readDetails(manifest, keys)
  const { sealed, ...bare } = manifest
  const kids = new Set(sealed.slots.map((slot) => (slot as { kid?: unknown } | null)?.kid)) // any JSON may stand there
  if (members.some(({ template }) => !kids.has(template.kid))) {
    // The schema's index signature is lost on the way; the manifest is the one just parsed.
    await replaceFile(
      world.files,
      repository.manifest(id),
      encodeManifest(bare as Omit<Manifest, 'sealed' | 'details'>, details, members, world.random),
    )
  }
  return changed
}

/** The second copy first, on disk before the first is touched: at every moment one of them is whole. */
async function addToArchive(
  world: World,
  repository: Repository,
  manifest: Manifest,
  archive: ManifestArchive,
  keys: Keys,
  members: readonly SlotKey[],
): Promise<boolean> {
  const { files } = world
  const { path } = archivePlace(repository, manifest, archive)
  const reading = openArchiveFile(files, path)
  let region: Uint8Array | null
  try {
    region = headerWithSlots(archiveBytes(files, reading, path), keys, members, world.random)
  } finally {
    letGo(files, reading)
  }
  if (region === null) return false
  const half = region.length / 2
  const writing = files.open(path, 'read-write')
  try {
    files.write(writing, region.subarray(half), half)
    await files.sync(writing)
    files.write(writing, region.subarray(0, half), 0)
    await files.sync(writing)
  } catch (error) {
    throw new BackupError(
      'E_IO',
      `the header of ${displayPath(path)} could not be rewritten`,
      'its other copy still serves; run keys add again',
      error,
    )
  } finally {
    letGo(files, writing)
  }
  const copy = joinPath(repository.headers, archive.id as BytePath)
  if (files.status(copy) !== undefined) files.removeFile(copy)
  await writeNew(files, copy, region)
  return true
}
