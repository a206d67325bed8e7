import { setTimeout as wait } from 'node:timers/promises'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, printable } from '../../model/path.ts'
import type { Clock, Files } from '../../model/ports.ts'
import { explainIo } from './explain-io.ts'
import { readBytes } from './json-file.ts'
import { letGo } from './let-go.ts'

/** Who holds a lock: written into the lock file for whoever finds it taken. It decides nothing. */
export interface LockHolder {
  readonly pid: number
  readonly run: string
  readonly command: string
  /** ISO 8601 UTC. */
  readonly since: string
}

export interface LockRequest {
  /** How long to wait for another holder; 0 refuses at once. */
  readonly waitMs: number
  readonly signal: AbortSignal
  readonly holder: LockHolder
  readonly clock: Clock
}

export interface Lock {
  /** Whoever inherits this descriptor holds the lock too: it is free when the last of them has closed it or died. */
  readonly descriptor: number
  release(): void
}

const pollMs = 100
const holderLimitBytes = 4096

/**
 * Takes the kernel's lock on the file at `path`, made where absent and never deleted: a deleted lock file lets a
 * third process lock a new one beside the holder's. The kernel drops the lock when its holder dies, however it dies.
 *
 * @throws E_BUSY where another still holds it after `waitMs`, naming that holder; E_INTERRUPTED where `signal` aborts.
 */
export async function acquireLock(files: Files, path: BytePath, request: LockRequest): Promise<Lock> {
  const { waitMs, signal, holder, clock } = request
  const fd = openLockFile(files, path)
  try {
    const deadline = clock.elapsed() + waitMs
    while (!files.tryLock(fd)) {
      const leftMs = deadline - clock.elapsed()
      if (leftMs <= 0) throw busy(files, path)
      await wait(Math.min(pollMs, leftMs), undefined, { signal })
    }
    signal.throwIfAborted()
    sign(files, fd, holder)
  } catch (error) {
    letGo(files, fd)
    if (signal.aborted) throw new BackupError('E_INTERRUPTED', `interrupted while waiting for ${displayPath(path)}`)
    throw explainIo(error, 'lock', path)
  }
  let held = true
  return {
    descriptor: fd,
    release() {
      if (!held) return
      held = false
      letGo(files, fd) // where nobody inherited it, that drops the lock
    },
  }
}

/** Who holds a lock: null where nobody does. `holder` is null where it could not sign, or has not yet. */
export interface HeldLock {
  readonly holder: Pick<LockHolder, 'pid' | 'command' | 'since'> | null
}

/**
 * Looks whether the lock on the file at `path` is held, and by whom. What is written there stays. The kernel has no
 * other way to tell than to take a free lock and let it go at once: whoever takes it must wait a moment (`waitMs`).
 *
 * @throws E_IO where the file cannot be opened; E_PLATFORM.
 */
export function lockHolder(files: Files, path: BytePath): HeldLock | null {
  if (files.status(path) === undefined) return null
  let fd: number
  try {
    fd = files.open(path, 'read')
  } catch (error) {
    throw explainIo(error, 'open the lock file', path)
  }
  try {
    return files.tryLock(fd) ? null : { holder: readHolder(files, path) }
  } finally {
    letGo(files, fd)
  }
}

function openLockFile(files: Files, path: BytePath): number {
  try {
    return files.open(path, 'lock')
  } catch (error) {
    throw explainIo(error, 'open the lock file', path)
  }
}

/** On a full disk the lock holds all the same; only the next one's message is the poorer. */
function sign(files: Files, fd: number, holder: LockHolder): void {
  try {
    files.truncate(fd, 0)
    files.write(fd, new TextEncoder().encode(`${JSON.stringify(holder)}\n`), 0)
  } catch (error) {
    if (explainIo(error, 'sign', '' as BytePath).code !== 'E_NO_SPACE') throw error
  }
}

function busy(files: Files, path: BytePath): BackupError {
  const holder = readHolder(files, path)
  const who = holder === null ? 'another process' : `process ${holder.pid} (${holder.command}) since ${holder.since}`
  const hint = 'wait for it to finish, or stop it: the lock goes with its process'
  return new BackupError('E_BUSY', `${displayPath(path)} is held by ${who}`, hint)
}

/** The file may hold anything: a holder just signing, one that died while signing, garbage. */
function readHolder(files: Files, path: BytePath): Pick<LockHolder, 'pid' | 'command' | 'since'> | null {
  try {
    const bytes = readBytes(files, path, holderLimitBytes)
    const value: unknown = bytes === null ? null : JSON.parse(new TextDecoder().decode(bytes))
    if (typeof value !== 'object' || value === null) return null
    if (!('pid' in value && 'command' in value && 'since' in value)) return null
    const { pid, command, since } = value
    if (!Number.isSafeInteger(pid) || typeof command !== 'string' || typeof since !== 'string') return null
    return { pid: Number(pid), command: printable(command), since: printable(since) }
  } catch {
    return null
  }
}
