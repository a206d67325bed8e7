import { closeSync, constants, openSync } from 'node:fs'
import type { BytePath } from '../../model/path.ts'

/**
 * How paths of any bytes and any length reach the kernel, which takes at most PATH_MAX (4096) bytes at once
 * though a tree may be deeper.
 */

const isAscii = /^[\x00-\x7f]*$/

/** PATH_MAX less room for the `/proc/self/fd/N/` put before the rest. */
const longestAtOnce = 4000

/** O_PATH of asm-generic/fcntl.h, which Node does not name: a descriptor that only names its file. */
export const openPathOnly = 0o10000000

/** The path for node:fs, which would write a string out as UTF-8. */
export function nodePath(path: BytePath): string | Buffer {
  return isAscii.test(path) ? path : Buffer.from(path, 'latin1')
}

export function childOfDescriptor(directory: number, name: BytePath): BytePath {
  return `/proc/self/fd/${directory}/${name}` as BytePath
}

/** The file behind a descriptor, whatever its name is now. */
export function descriptorPath(fd: number): BytePath {
  return `/proc/self/fd/${fd}` as BytePath
}

/** Calls `use` with a path the kernel takes at once, by way of open directories where `path` is too long. */
export function onShortPath<T>(path: BytePath, use: (short: BytePath) => T): T {
  if (path.length <= longestAtOnce) return use(path)
  let directory = -1
  let rest = path
  try {
    while (rest.length > longestAtOnce) {
      const slash = rest.lastIndexOf('/', longestAtOnce)
      if (slash <= 0) break // one name of 4,000 bytes: the kernel says ENAMETOOLONG
      const head = rest.slice(0, slash) as BytePath
      const next = openSync(
        nodePath(directory < 0 ? head : childOfDescriptor(directory, head)),
        openPathOnly | constants.O_DIRECTORY,
      )
      if (directory >= 0) closeSync(directory)
      directory = next
      rest = rest.slice(slash).replace(/^\/+/, '') as BytePath
    }
    return use(directory < 0 ? rest : childOfDescriptor(directory, rest))
  } finally {
    if (directory >= 0) closeSync(directory)
  }
}
