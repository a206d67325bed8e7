import { modeText } from '../../model/mode-text.ts'
import { displayPath, printable } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import { isoTime } from './fields.ts'

/** `etc/`, `etc/localtime -> /usr/share/zoneinfo/UTC` */
export function entryName(entry: TocEntry): string {
  const name = displayPath(entry.path)
  if (entry.type === 'directory') return `${name}/`
  if (entry.linkTarget === null) return name
  return `${name} ${entry.type === 'symlink' ? '->' : '='} ${displayPath(entry.linkTarget)}`
}

/** As `ls -l` has it: mode, owner, size, time, hash, name. */
export function longEntry(entry: TocEntry): string {
  const { userName, groupName, uid, gid, deviceNumber } = entry
  const owner = `${printable(userName ?? String(uid))}:${printable(groupName ?? String(gid))}`
  const size = deviceNumber === null ? String(entry.sizeBytes) : `${deviceNumber.major},${deviceNumber.minor}`
  const time = isoTime(entry.mtimeNs).replace(/\.\d+Z$/, 'Z')
  return [
    modeText(entry),
    owner.padEnd(13),
    size.padStart(12),
    time,
    entry.sha256 ?? '-'.padEnd(64),
    entryName(entry),
  ].join(' ')
}
