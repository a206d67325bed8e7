import { hash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** A tree of files and directories as it was at one moment, to be held against another one. */

export interface Seen {
  readonly isFile: boolean
  readonly bytes: number
  /** Of a file; empty for a directory. */
  readonly sha256: string
  readonly mode: number
  readonly mtimeNs: bigint
  readonly inode: bigint
}

/** By the path below its root. */
export type SeenTree = ReadonlyMap<string, Seen>

/** Reads all of it. Empty where there is nothing. */
export function seeTree(root: string): SeenTree {
  const seen = new Map<string, Seen>()
  if (lstatSync(root, { throwIfNoEntry: false }) === undefined) return seen
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const isFile = entry.isFile()
    const { size, mode, mtimeNs, ino } = lstatSync(path, { bigint: true })
    seen.set(relative(root, path), {
      ...{ isFile, bytes: isFile ? Number(size) : 0, mode: Number(mode), mtimeNs, inode: ino },
      sha256: isFile ? hash('sha256', readFileSync(path)) : '',
    })
  }
  return seen
}

export interface Amount {
  readonly files: number
  readonly bytes: number
}

export function filesOf(tree: SeenTree, wanted: (path: string, seen: Seen) => boolean = () => true): Amount {
  let [files, bytes] = [0, 0]
  for (const [path, seen] of tree) {
    if (!seen.isFile || !wanted(path, seen)) continue
    files++
    bytes += seen.bytes
  }
  return { files, bytes }
}

/** The files that stand there whole, under their own names. */
export function inPlace(there: SeenTree, source: SeenTree): SeenTree {
  return new Map([...there].filter(([path, { isFile, sha256 }]) => isFile && source.get(path)?.sha256 === sha256))
}

/** Names that only one of them has, and those with another content, mode or modification time. */
export function changedBetween(one: SeenTree, other: SeenTree): string[] {
  const text = (seen: Seen | undefined) => seen && `${seen.isFile} ${seen.sha256} ${seen.mode} ${seen.mtimeNs}`
  return [...new Set([...one.keys(), ...other.keys()])].filter((path) => text(one.get(path)) !== text(other.get(path)))
}
