import type { Change } from '../../model/diff.ts'
import { comparePaths } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'

/** What differs between two states of the same tree. */
export type Difference = Omit<Change, 'service'>

type Entries = Iterator<TocEntry> | AsyncIterator<TocEntry>

/** Merge-join of two tables of contents in the order of the walk; memory does not grow with them. */
export async function* compareEntries(before: Entries, after: Entries): AsyncGenerator<Difference> {
  let old = await before.next()
  let now = await after.next()
  while (old.done !== true || now.done !== true) {
    const order = old.done === true ? 1 : now.done === true ? -1 : comparePaths(old.value.path, now.value.path)
    if (order < 0) {
      yield { path: old.value.path, change: 'removed', from: null, before: old.value, after: null, attributes: [] }
      old = await before.next()
    } else if (order > 0) {
      yield { path: now.value.path, change: 'added', from: null, before: null, after: now.value, attributes: [] }
      now = await after.next()
    } else {
      const difference = compareEntry(old.value, now.value)
      if (difference !== null) yield difference
      old = await before.next()
      now = await after.next()
    }
  }
}

/** Null where the two are the same. A hard link and the file it names are the same content. */
export function compareEntry(before: TocEntry, after: TocEntry): Difference | null {
  const common = { path: before.path, from: null, before, after }
  const reasons = changeReasons(before, after)
  if (reasons.length > 0) return { ...common, change: 'changed', attributes: reasons }
  const attributes = differingAttributes(before, after)
  return attributes.length === 0 ? null : { ...common, change: 'metadata', attributes }
}

/** Why it is not the same content any more; none where it is. What a link leads to is its content. */
function changeReasons(before: TocEntry, after: TocEntry): string[] {
  if (before.type !== after.type && !(isFile(before) && isFile(after))) return ['type']
  if (!isFile(before)) {
    const same =
      before.type === 'symlink'
        ? before.linkTarget === after.linkTarget
        : before.deviceNumber?.major === after.deviceNumber?.major &&
          before.deviceNumber?.minor === after.deviceNumber?.minor
    return same ? [] : ['content']
  }
  if (before.sha256 === after.sha256) return []
  return before.sizeBytes === after.sizeBytes ? ['content'] : ['content', 'size']
}

export function isFile({ type }: TocEntry): boolean {
  return type === 'file' || type === 'hardlink'
}

export function differingAttributes(before: TocEntry, after: TocEntry): string[] {
  const names: string[] = []
  if (before.mode !== after.mode && before.type !== 'symlink') names.push('mode')
  if (before.uid !== after.uid) names.push('owner')
  if (before.gid !== after.gid) names.push('group')
  // A directory's time changes with every name in it, which shows by itself.
  if (before.mtimeNs !== after.mtimeNs && before.type !== 'directory') names.push('mtime')
  if (!sameXattrs(before.xattrs, after.xattrs)) names.push('xattrs')
  if (before.acl?.access !== after.acl?.access || before.acl?.default !== after.acl?.default) names.push('acl')
  return names
}

function sameXattrs(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean {
  if (a.size !== b.size) return false
  for (const [name, value] of a) {
    const other = b.get(name)
    if (other === undefined || other.length !== value.length || other.some((byte, at) => byte !== value[at]))
      return false
  }
  return true
}
