import { BackupError } from '../model/errors.ts'
import { type BytePath, joinPath } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { explainIo } from './platform/explain-io.ts'
import { readBytes } from './platform/json-file.ts'
import { letGo } from './platform/let-go.ts'
import type { Repository } from './repository.ts'

/**
 * Backups in use. Whoever reads one holds its directory by the kernel's shared lock; whoever deletes one needs the
 * exclusive lock. Neither waits, and both die with their process. It is the directory that is locked, for `keys add`
 * puts another manifest.json in the place of the one there is. To hold a backup holds what it needs too: nothing is
 * deleted that a backup in archives/ needs. docs/decisions/backups-in-use.md
 */
export interface Hold {
  release(): void
}

/**
 * Keeps a backup from being deleted until it is released. Where its directory is missing, or kernel locks do not work,
 * nothing is held, and reading says what there is.
 *
 * @throws E_ARCHIVE_MISSING where it is being deleted just now.
 */
export function holdBackup(files: Files, repository: Repository, id: string): Hold {
  const fd = openDirectory(files, repository, id)
  if (fd === null) return nothingHeld
  let isHeld: boolean
  try {
    // Between the two calls it may have been taken out: then what is held is not in archives/ any more.
    isHeld = files.tryShareLock(fd) && files.status(repository.backup(id))?.inode === files.statusOf(fd).inode
  } catch {
    letGo(files, fd)
    return nothingHeld
  }
  if (isHeld) return holding(files, fd)
  letGo(files, fd)
  throw new BackupError('E_ARCHIVE_MISSING', `${id} is being deleted`, 'holdfast list shows what there is')
}

export type Seizure = ({ readonly kind: 'mine' } & Hold) | { readonly kind: 'in-use'; readonly by: string }

/** A backup for whoever deletes it: from now on nobody begins to read it. Where kernel locks do not work, it is always theirs. */
export function seizeBackup(files: Files, repository: Repository, id: string): Seizure {
  const fd = openDirectory(files, repository, id)
  if (fd === null) return { kind: 'mine', ...nothingHeld }
  let isMine: boolean
  try {
    isMine = files.tryLock(fd)
  } catch {
    isMine = true
  }
  if (isMine) return { kind: 'mine', ...holding(files, fd) }
  const by = whoHolds(files, fd)
  letGo(files, fd)
  return { kind: 'in-use', by }
}

const nothingHeld: Hold = { release: () => {} }

function holding(files: Files, fd: number): Hold {
  let held = true
  return {
    release() {
      if (!held) return
      held = false
      letGo(files, fd)
    },
  }
}

function openDirectory(files: Files, repository: Repository, id: string): number | null {
  const path = repository.backup(id)
  if (files.statusFollowing(path)?.type !== 'directory') return null
  try {
    return files.open(path, 'directory-following')
  } catch (error) {
    if (files.statusFollowing(path) === undefined) return null
    throw explainIo(error, 'open', path)
  }
}

const locksFile = joinPath('/proc' as BytePath, 'locks' as BytePath)

/** As far as the kernel tells (proc_locks(5)): `1: FLOCK  ADVISORY  READ 4711 fe:00:131074 0 EOF`. */
function whoHolds(files: Files, fd: number): string {
  try {
    const { device, inode } = files.statusOf(fd)
    const hex = (value: bigint): string => value.toString(16).padStart(2, '0')
    const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)
    const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n)
    const place = `${hex(major)}:${hex(minor)}:${inode}`
    for (const line of new TextDecoder().decode(readBytes(files, locksFile) ?? new Uint8Array()).split('\n')) {
      const [, kind, , , pid = '', where] = line.trim().split(/\s+/)
      if (kind === 'FLOCK' && where === place && /^[1-9]\d*$/.test(pid)) return `process ${pid}`
    }
  } catch {
    // A machine without /proc, or one that shows no other's locks: then the name is not known.
  }
  return 'another process'
}
