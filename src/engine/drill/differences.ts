import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { TocEntry } from '../../model/toc.ts'
import { splitXattrs } from '../archive/extended-attributes.ts'
import type { AccountNames } from '../platform/account-names.ts'
import type { Found } from './walk-back.ts'

/** How what lies on disk differs from what was recorded of it; contents of files apart. */

export type Aspect =
  | ('missing' | 'extra' | 'type' | 'content' | 'target' | 'device')
  | ('owner' | 'mode' | 'mtime' | 'xattrs' | 'acl' | 'link')

export interface Differing {
  readonly aspect: Aspect
  readonly what: string
}

export interface Difference extends Differing {
  readonly path: BytePath
}

/** What it is read with. */
export interface Reading {
  readonly files: Files
  readonly names: AccountNames
}

/** `isLinked`: it is the same file as the name its entry calls its own. */
export function differencesOf(
  { files, names }: Reading,
  entry: TocEntry,
  { at, status }: Found,
  isLinked: boolean,
): readonly Differing[] {
  const type = entry.type === 'hardlink' ? 'file' : entry.type
  if (status.type !== type) return [{ aspect: 'type', what: `it is a ${status.type}, not a ${type}` }]
  if (entry.type === 'hardlink' && isLinked) return []
  const told: Differing[] = []
  if (entry.type === 'hardlink') told.push({ aspect: 'link', what: 'it is not the same file as its other name' })
  if (type === 'file' && status.sizeBytes !== entry.sizeBytes)
    told.push({ aspect: 'content', what: `its size, ${status.sizeBytes} bytes in the place of ${entry.sizeBytes}` })
  if (type === 'symlink' && files.linkTarget(at) !== entry.linkTarget)
    told.push({ aspect: 'target', what: 'where it leads to' })
  if (type === 'char-device' || type === 'block-device') {
    const { major, minor } = status.deviceNumber
    if (major !== entry.deviceNumber?.major || minor !== entry.deviceNumber.minor)
      told.push({ aspect: 'device', what: 'its device number' })
  }
  if (type !== 'symlink' && status.mode !== entry.mode) {
    const octal = (mode: number) => mode.toString(8).padStart(4, '0')
    told.push({ aspect: 'mode', what: `its mode, ${octal(status.mode)} in the place of ${octal(entry.mode)}` })
  }
  if (status.uid !== entry.uid || status.gid !== entry.gid) {
    const [is, was] = [`${status.uid}:${status.gid}`, `${entry.uid}:${entry.gid}`]
    told.push({ aspect: 'owner', what: `its owner, ${is} in the place of ${was}` })
  }
  if (status.mtimeNs !== entry.mtimeNs) told.push({ aspect: 'mtime', what: 'its time' })
  return told.concat(extendedDifferences(entry, files.xattrs(at), names))
}

function extendedDifferences(entry: TocEntry, found: Map<string, Uint8Array>, names: AccountNames): Differing[] {
  if (found.size === 0 && entry.xattrs.size === 0 && entry.acl === null) return [] // as nearly always
  const { xattrs, acl } = splitXattrs(found, names)
  const told: Differing[] = []
  const isWanted = [...entry.xattrs].every(([name, value]) => isSame(xattrs.get(name), value))
  // What the system gives to every new file is not the restore's doing.
  const isMore = [...xattrs.keys()].some((name) => !entry.xattrs.has(name) && /^(user|trusted)\./.test(name))
  if (!isWanted || isMore) told.push({ aspect: 'xattrs', what: 'its extended attributes' })
  if (acl?.access !== entry.acl?.access || acl?.default !== entry.acl?.default)
    told.push({ aspect: 'acl', what: 'its access control list' })
  return told
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, at) => byte === b[at])
}
