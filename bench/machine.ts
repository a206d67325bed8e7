import { execFileSync } from 'node:child_process'
import { readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import type { Results } from './results.ts'

/** What the figures were taken on. `directory` lies on the file system that is measured. */
export function describeMachine(directory: string): Results['machine'] {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    fileSystem: fileSystemOf(directory),
    node: process.version,
    load: loadavg()[0] ?? 0,
  }
}

export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

/** A workload that this disk is too small for. */
export class NoRoom extends Error {}

/**
 * Refuses what would fill the disk, before it is begun.
 *
 * @throws NoRoom, which says what is missing
 */
export function requireRoom(directory: string, what: string, need: { bytes: number; files: number }): void {
  const { ffree, files } = statfsSync(directory)
  const bytes = freeBytes(directory)
  if (need.bytes > bytes) throw new NoRoom(`${what} needs ${need.bytes} bytes of disk; ${bytes} are free`)
  // some file systems make inodes as they are needed, and count none
  if (files > 0 && need.files > ffree) throw new NoRoom(`${what} needs ${need.files} inodes; ${ffree} are free`)
}

/** `ext4 on a disk that spins`, as far as the kernel tells. */
function fileSystemOf(directory: string): string {
  try {
    const [, device = '', type = 'unknown'] = execFileSync('df', ['--output=source,fstype', directory], {
      encoding: 'utf8',
    })
      .trim()
      .split('\n')[1]!
      .match(/^(\S+)\s+(\S+)/)!
    return `${type}${rotational(device)}`
  } catch {
    return 'unknown'
  }
}

function rotational(device: string): string {
  try {
    const name = device.replace(/^\/dev\//, '')
    return readFileSync(`/sys/class/block/${name}/queue/rotational`, 'utf8').trim() === '1'
      ? ' on a rotating or virtual disk'
      : ' on a solid-state disk'
  } catch {
    return ''
  }
}
