import { backupIdSchema } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, joinPath } from '../model/path.ts'
import type { Clock, Files, Random } from '../model/ports.ts'
import { claimDirectory, sweepClaimed } from './platform/claimed-directory.ts'
import { explainIo } from './platform/explain-io.ts'
import { sweepDeadWriters, syncDirectory } from './platform/json-file.ts'
import type { Lock, LockHolder } from './platform/lock.ts'

/** What the engine is given by the composition root. */
export interface World {
  readonly files: Files
  /** Module that makes the same `files` in a worker thread; null is the disk. */
  readonly filesModule: string | null
  readonly clock: Clock
  readonly random: Random
  readonly processors: number
  readonly pid: number
  readonly host: string
  readonly user: string
  readonly uid: number
  readonly gid: number
  readonly version: string
  /** The recovery scripts and the format's description: name in the repository, and path in this installation. */
  readonly recoveryKit: readonly { readonly name: BytePath; readonly path: BytePath }[]
  /** For what a run must put down while the repository cannot be written. */
  readonly temporary: BytePath
  /** The program that runs JavaScript, for the recovery script. */
  readonly nodePath: string
  /** Nothing is written into the repository, though it could be: what is put down for a while lies in `temporary`. */
  readonly readOnly: boolean
  /** A run is known by its log alone, as a job is: without one it does not begin. */
  readonly mustLog: boolean
}

/** How the repository lies on disk. docs/format.md, "The repository". */
export class Repository {
  readonly root: BytePath
  readonly archives: BytePath
  readonly temp: BytePath
  readonly locks: BytePath
  readonly runs: BytePath
  readonly keys: BytePath
  readonly recovery: BytePath
  readonly catalog: BytePath
  readonly schedules: BytePath
  readonly drills: BytePath
  readonly undo: BytePath

  constructor(root: BytePath) {
    this.root = root
    this.archives = this.at('archives')
    this.temp = this.at('temp')
    this.locks = this.at('locks')
    this.runs = this.at('runs')
    this.keys = this.at('keys')
    this.recovery = this.at('recovery')
    this.catalog = this.at('metadata.json')
    this.schedules = this.at('schedules.json')
    this.drills = this.at('drills.ndjson')
    this.undo = this.at('undo')
  }

  get keyring(): BytePath {
    return joinPath(this.keys, 'keyring.json' as BytePath)
  }

  get planKey(): BytePath {
    return joinPath(this.keys, 'plan.key' as BytePath)
  }

  get headers(): BytePath {
    return joinPath(this.keys, 'headers' as BytePath)
  }

  backup(id: string): BytePath {
    return joinPath(this.archives, id as BytePath)
  }

  manifest(id: string): BytePath {
    return joinPath(this.backup(id), 'manifest.json' as BytePath)
  }

  pin(id: string): BytePath {
    return joinPath(this.backup(id), 'pin.json' as BytePath)
  }

  lock(name: string): BytePath {
    return joinPath(this.locks, name as BytePath)
  }

  at(name: string): BytePath {
    return joinPath(this.root, name as BytePath)
  }
}

/** @throws E_IO where it cannot be told. */
export function isRepository(files: Files, root: BytePath): boolean {
  const repository = new Repository(root)
  try {
    return files.statusFollowing(repository.archives)?.type === 'directory'
  } catch (error) {
    throw explainIo(error, 'open the repository', root)
  }
}

/** @throws E_NO_REPOSITORY where there is none. */
export function openRepository(files: Files, root: BytePath): Repository {
  if (!isRepository(files, root))
    throw new BackupError(
      'E_NO_REPOSITORY',
      `there is no repository at ${displayPath(root)}`,
      'make one with: holdfast init, or name another with --root',
    )
  return new Repository(root)
}

/** Ids of all committed backups, oldest first: the names in archives/ that are ids. */
export function backupIds(files: Files, repository: Repository): string[] {
  try {
    return files
      .names(repository.archives)
      .filter((name) => backupIdSchema.safeParse(name).success)
      .sort()
  } catch (error) {
    throw explainIo(error, 'list', repository.archives)
  }
}

/** A directory for everything a run has not finished; its lock says that the run lives. */
export interface Workspace {
  readonly path: BytePath
  /** Removes what is left of it and lets the lock go. */
  discard(): void
  /** Moves a finished directory of it to its place and waits until the move is on disk. */
  publish(name: string, target: BytePath): Promise<void>
}

/** A sweep that came by before the new directory was locked holds it no longer than it takes to remove what is empty. */
const sweptMs = 5_000

/**
 * Makes temp/<run>. Whatever runs that have died left behind is removed first; a living one is known by its lock.
 *
 * @throws E_IO, E_NO_SPACE, E_INTERRUPTED.
 */
export async function openWorkspace(
  world: World,
  repository: Repository,
  holder: LockHolder,
  signal: AbortSignal,
): Promise<Workspace> {
  const { files, clock } = world
  const path = joinPath(repository.temp, holder.run as BytePath)
  let alive: Lock
  try {
    await sweep(files, repository)
    alive = await claimDirectory(files, path, { waitMs: sweptMs, signal, holder, clock })
  } catch (error) {
    await sweepClaimed(files, path, () => true)
    throw explainIo(error, 'make the workspace', path)
  }
  return {
    path,
    discard() {
      try {
        files.removeTree(path)
      } finally {
        alive.release()
      }
    },
    async publish(name, target) {
      const made = joinPath(path, name as BytePath)
      files.rename(made, target)
      try {
        await syncDirectory(files, repository.archives)
      } catch (error) {
        files.rename(target, made) // whether it is there to stay cannot be told, so it must not be seen
        throw error
      }
    },
  }
}

/** Restores that died after they had made their directory in undo/, and before there was a record in it. */
async function sweepUnbegunRestores(files: Files, repository: Repository): Promise<void> {
  if (files.status(repository.undo) === undefined) return
  for (const name of files.names(repository.undo)) {
    if (!/Z-restore-\w+$/.test(name)) continue
    if (files.status(joinPath(joinPath(repository.undo, name), 'record.json' as BytePath)) !== undefined) continue
    const { sweepUnbegun } = await import('./undo/record.ts')
    await sweepUnbegun(files, repository, name)
  }
}

/** What cannot be removed stays, and keeps nobody from working: doctor tells of it. */
async function sweep(files: Files, repository: Repository): Promise<void> {
  sweepDeadWriters(files, repository.root)
  await sweepUnbegunRestores(files, repository)
  for (const name of files.names(repository.temp)) {
    const path = joinPath(repository.temp, name)
    if (files.status(path)?.type !== 'directory') continue
    await sweepClaimed(files, path, async () => {
      // Loaded on need: a dead run is rare, and every command opens a repository.
      const { removeLeftovers, spoolPathIn } = await import('./restore/leftovers.ts')
      removeLeftovers(files, spoolPathIn(path))
      const { sweepPlace } = await import('./drill/drill-place.ts')
      sweepPlace(files, path)
      return true
    })
  }
}

/** The repository's directory by what it is, whatever path leads to it; null where it cannot be looked at. */
export function repositoryIdentity(files: Files, root: BytePath): { device: bigint; inode: bigint } | null {
  const status = files.statusFollowing(root)
  return status === undefined ? null : { device: status.device, inode: status.inode }
}
