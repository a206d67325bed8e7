import {
  chmodSync,
  copyFileSync,
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'

/** A checkout that goes from one version to the next, as git or rsync would take it there. */

export interface Switched {
  added: number
  changed: number
  removed: number
  /** Kept their inode and their times. */
  unchanged: number
  writtenBytes: number
}

const newName = '.bench-new'

/**
 * Makes `live` what `version` is: files and symbolic links whose content is the same are not touched; others are written
 * beside and renamed, with the time of now; what `version` does not have is removed. Content is compared, not times:
 * packages carry the same times in every version. The counts are of files and symbolic links.
 *
 * @throws Error where `version` holds anything but files, directories and symbolic links
 */
export function switchTree(live: string, version: string): Switched {
  const switched = { added: 0, changed: 0, removed: 0, unchanged: 0, writtenBytes: 0 }
  switchDirectory(live, version, switched)
  return switched
}

function switchDirectory(live: string, version: string, switched: Switched): void {
  const wanted = lstatSync(version)
  const there = lstatSync(live, { throwIfNoEntry: false })
  if (there !== undefined && !there.isDirectory()) remove(live, there, switched)
  mkdirSync(live, { recursive: true })
  takeMode(live, wanted)
  const gone = new Set(readdirSync(live))
  for (const entry of readdirSync(version, { withFileTypes: true })) {
    gone.delete(entry.name)
    const paths = [join(live, entry.name), join(version, entry.name)] as const
    if (entry.isDirectory()) switchDirectory(...paths, switched)
    else switchFile(...paths, entry, switched)
  }
  for (const name of gone) remove(join(live, name), lstatSync(join(live, name)), switched)
}

function switchFile(live: string, version: string, entry: Dirent, switched: Switched): void {
  if (!entry.isFile() && !entry.isSymbolicLink()) throw new Error(`${version} is no file, directory or symbolic link`)
  const wanted = lstatSync(version)
  let there = lstatSync(live, { throwIfNoEntry: false })
  if (there?.isDirectory()) {
    remove(live, there, switched)
    there = undefined
  }
  if (there !== undefined && sameContent(live, there, version, wanted)) {
    switched.unchanged++
    if (entry.isFile()) takeMode(live, wanted)
    return
  }
  const beside = join(live, '..', newName)
  rmSync(beside, { force: true })
  if (entry.isFile()) copyFileSync(version, beside)
  else symlinkSync(readlinkSync(version), beside)
  renameSync(beside, live)
  switched[there === undefined ? 'added' : 'changed']++
  switched.writtenBytes += entry.isFile() ? wanted.size : 0
}

function sameContent(live: string, there: Stats, version: string, wanted: Stats): boolean {
  if (wanted.isSymbolicLink()) return there.isSymbolicLink() && readlinkSync(live) === readlinkSync(version)
  return there.isFile() && there.size === wanted.size && readFileSync(live).equals(readFileSync(version))
}

function takeMode(live: string, { mode }: Stats): void {
  // a call that changes nothing would still change the ctime
  if (lstatSync(live).mode !== mode) chmodSync(live, mode & 0o7777)
}

function remove(path: string, status: Stats, switched: Switched): void {
  const inside = status.isDirectory() ? readdirSync(path, { recursive: true, withFileTypes: true }) : []
  switched.removed += status.isDirectory() ? inside.filter((entry) => !entry.isDirectory()).length : 1
  rmSync(path, { recursive: true })
}
