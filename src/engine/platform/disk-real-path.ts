import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { type BytePath, joinPath } from '../../model/path.ts'
import { nodePath, onShortPath } from './disk-paths.ts'
import { systemError } from './libc.ts'

const tooManyLinks = 40
const eloop = 40

/** The absolute path without symlinks, `.` and `..`. The C library gives up at PATH_MAX; past that the names are walked here. */
export function realPathOnDisk(path: BytePath): BytePath {
  try {
    return realpathSync.native(nodePath(path), { encoding: 'latin1' }) as BytePath
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENAMETOOLONG')) throw error
    return walk(path)
  }
}

function walk(path: BytePath): BytePath {
  let resolved = (path.startsWith('/') ? '/' : realpathSync.native('.', { encoding: 'latin1' })) as BytePath
  const ahead = path.split('/').reverse()
  let links = 0
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === '' || name === '.') continue
    if (name === '..') {
      resolved = (resolved.slice(0, resolved.lastIndexOf('/')) || '/') as BytePath
      continue
    }
    const next = joinPath(resolved, name as BytePath)
    if (!onShortPath(next, (short) => lstatSync(nodePath(short)).isSymbolicLink())) {
      resolved = next
      continue
    }
    if (++links > tooManyLinks) throw systemError(eloop, 'realpath', path)
    const target = onShortPath(next, (short) => readlinkSync(nodePath(short), { encoding: 'latin1' }))
    if (target.startsWith('/')) resolved = '/' as BytePath
    ahead.push(...target.split('/').reverse())
  }
  return resolved
}
