import { displayPath, printable } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import { isoTime } from './fields.ts'

const typeLetters: Record<TocEntry['type'], string> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  hardlink: '-',
  fifo: 'p',
  'char-device': 'c',
  'block-device': 'b',
  unknown: '?',
}

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

function modeText({ type, mode }: TocEntry): string {
  const bits = (shift: number, special: number, letter: string): string => {
    const [r, w, x] = [4, 2, 1].map((bit) => (mode >> shift) & bit)
    const run = mode & special ? (x ? letter : letter.toUpperCase()) : x ? 'x' : '-'
    return `${r ? 'r' : '-'}${w ? 'w' : '-'}${run}`
  }
  return typeLetters[type] + bits(6, 0o4000, 's') + bits(3, 0o2000, 's') + bits(0, 0o1000, 't')
}
