import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type BytePath, displayPath, joinPath } from '../../src/model/path.ts'
import type { Files } from '../../src/model/ports.ts'

/** What can be said of a name on disk, each in words, so that two trees can be compared attribute by attribute. */
export interface Described {
  type: string
  mode: string
  owner: string
  mtime: string
  size: string
  content: string
  target: string
  device: string
  /** First path of the same inode. */
  sameAs: string
  holes: string
  xattrs: string
}
export type Attribute = keyof Described

export function describeTree(files: Files, root: BytePath): Map<string, Described> {
  const found = new Map<string, Described>()
  const inodes = new Map<string, string>()
  const visit = (path: BytePath, name: string): void => {
    const status = files.status(path)
    if (status === undefined) throw new Error(`${displayPath(path)} is absent`)
    const isFile = status.type === 'file'
    const inode = `${status.device}:${status.inode}`
    if (!inodes.has(inode)) inodes.set(inode, name)
    found.set(name, {
      type: status.type,
      mode: status.mode.toString(8),
      owner: `${status.uid}:${status.gid}`,
      mtime: String(status.mtimeNs),
      size: isFile ? String(status.sizeBytes) : '',
      content: isFile
        ? createHash('sha256')
            .update(readFileSync(Buffer.from(path, 'latin1')))
            .digest('hex')
        : '',
      target: status.type === 'symlink' ? files.linkTarget(path) : '',
      device: status.type.endsWith('device') ? `${status.deviceNumber.major}:${status.deviceNumber.minor}` : '',
      sameAs: status.type === 'directory' ? '' : (inodes.get(inode) as string),
      holes: isFile && status.allocatedBytes + 65_536 < status.sizeBytes ? 'yes' : 'no',
      xattrs: [...files.xattrs(path)]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `${key}=${Buffer.from(value).toString('hex')}`)
        .join(' '),
    })
    if (status.type !== 'directory') return
    for (const child of files.names(path).sort()) visit(joinPath(path, child), name === '' ? child : `${name}/${child}`)
  }
  visit(root, '')
  return found
}

/** Every difference in one line; `ignored` says which attribute of which path the other side cannot represent. */
export function compareTrees(
  source: ReadonlyMap<string, Described>,
  other: ReadonlyMap<string, Described>,
  ignored: (path: string, attribute: Attribute | 'presence', described: Described) => boolean,
): string[] {
  const found: string[] = []
  for (const [path, expected] of source) {
    const actual = other.get(path)
    if (actual === undefined) {
      if (!ignored(path, 'presence', expected)) found.push(`${displayPath(path as BytePath)}: absent`)
      continue
    }
    for (const attribute of Object.keys(expected) as Attribute[]) {
      if (expected[attribute] !== actual[attribute] && !ignored(path, attribute, expected))
        found.push(difference(path, attribute, expected[attribute], actual[attribute]))
    }
  }
  for (const [path, described] of other)
    if (!source.has(path) && !ignored(path, 'presence', described))
      found.push(`${displayPath(path as BytePath)}: added`)
  return found
}

function difference(path: string, attribute: Attribute, expected: string, actual: string): string {
  // Of many attributes only those that differ.
  const only = (a: string, b: string): string =>
    a
      .split(' ')
      .filter((part) => !b.split(' ').includes(part))
      .join(' ')
  const [was, is] = attribute === 'xattrs' ? [only(expected, actual), only(actual, expected)] : [expected, actual]
  return `${displayPath(path as BytePath)}: ${attribute} ${was} became ${is}`
}
