import type { Child, ListedEntry } from '../../model/browse.ts'
import { modeText } from '../../model/mode-text.ts'
import { type BytePath, nameOf } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import { formatBytes, formatCount } from '../../model/units.ts'
import type { Column } from './columns.ts'
import { wrap } from './cut.ts'
import type { FilterField } from './filter.ts'
import type { Glyphs } from './glyphs.ts'
import { momentText } from './ids.ts'
import { type Line, lineOf, span } from './line.ts'
import { plainPath, plainText } from './plain.ts'

/** How entries of a backup are called on every screen. Pure. */

const latestMs = 8_640_000_000_000_000

/** `2026-11-20 02:00Z`; a question mark for what no calendar has. */
export function entryMoment(mtimeNs: bigint): string {
  const iso = isoOf(mtimeNs)
  return iso === null ? '?' : momentText(iso)
}

/** `2026-11-20 02:00:11Z` */
export function entrySecond(mtimeNs: bigint): string {
  const iso = isoOf(mtimeNs)
  return iso === null ? '?' : `${iso.slice(0, -5).replace('T', ' ')}Z`
}

function isoOf(ns: bigint): string | null {
  // Towards the past, also before 1970.
  const ms = Number((ns - nanosecondsOf(ns)) / 1_000_000n) + Number(nanosecondsOf(ns) / 1_000_000n)
  return Math.abs(ms) > latestMs ? null : new Date(ms).toISOString()
}

export function ownerText({ userName, groupName, uid, gid }: ListedEntry): string {
  return `${plainText(userName ?? String(uid))}:${plainText(groupName ?? String(gid))}`
}

/** Bytes of a file, numbers of a device; nothing for what has no size. */
export function sizeText({ type, sizeBytes, deviceNumber }: ListedEntry): string {
  if (deviceNumber !== null) return `${deviceNumber.major},${deviceNumber.minor}`
  return type === 'file' || type === 'hardlink' ? formatBytes(sizeBytes) : '-'
}

/** `ssh/`, `localtime → /usr/share/zoneinfo/UTC`. What has no entry of its own is a directory. */
export function nameText({ path, entry }: Pick<Child, 'path' | 'entry'>, shown: BytePath, glyphs: Glyphs): string {
  const name = plainPath(shown) || plainPath(path)
  if (entry === null || entry.type === 'directory') return `${name}/`
  return entry.type === 'symlink' && entry.linkTarget !== null
    ? `${name} ${glyphs.arrow} ${plainPath(entry.linkTarget)}`
    : name
}

export function isDirectory({ entry }: Pick<Child, 'entry'>): boolean {
  return entry === null || entry.type === 'directory'
}

export function isContent(entry: ListedEntry | null): entry is ListedEntry {
  return entry !== null && (entry.type === 'file' || entry.type === 'hardlink')
}

/** @param nameFor what a row is called in this list: its name, or all of its path. */
export function entryColumns<Row extends Pick<Child, 'path' | 'entry'>>(
  glyphs: Glyphs,
  nameFor: (row: Row) => BytePath,
): readonly Column<Row>[] {
  return [
    {
      title: 'NAME',
      width: 16,
      upTo: 120,
      priority: 0,
      cut: 'middle',
      cell: (row) => span(nameText(row, nameFor(row), glyphs), isDirectory(row) ? 'bold' : undefined),
    },
    {
      title: 'SIZE',
      width: 8,
      align: 'right',
      priority: 0,
      cell: ({ entry }) => (entry === null ? '-' : sizeText(entry)),
    },
    {
      title: 'MODIFIED',
      width: 17,
      priority: 1,
      cell: ({ entry }) => (entry === null ? '-' : entryMoment(entry.mtimeNs)),
    },
    { title: 'MODE', width: 10, priority: 2, cell: ({ entry }) => (entry === null ? '-' : modeText(entry)) },
    {
      title: 'OWNER',
      width: 9,
      upTo: 24,
      priority: 3,
      cell: ({ entry }) => (entry === null ? '-' : ownerText(entry)),
    },
  ]
}

export function entryFilterFields(now: () => number): readonly FilterField<Child>[] {
  return [
    { name: 'type', kind: 'text', of: ({ entry }) => entry?.type ?? 'directory' },
    { name: 'owner', kind: 'text', of: ({ entry }) => (entry === null ? '' : ownerText(entry)) },
    { name: 'mode', kind: 'text', of: ({ entry }) => (entry === null ? '' : modeText(entry)) },
    { name: 'size', kind: 'size', of: ({ entry }) => (isContent(entry) ? entry.sizeBytes : null) },
    {
      name: 'age',
      kind: 'age',
      of: ({ entry }) => (entry === null ? null : now() - Number(entry.mtimeNs / 1_000_000n)),
    },
  ]
}

/** What a bare word of a filter is looked for in. */
export function entryWords({ path }: Pick<Child, 'path'>): string {
  return plainPath(nameOf(path))
}

/** One line: `-rw-r--r--  root:root  1.20 KiB  2026-11-20 02:00:11Z`. */
export function metadataLine(entry: ListedEntry | null, below: number | null, glyphs: Glyphs): Line {
  if (entry === null)
    return lineOf(span(' only what lies in it was backed up', 'dim'), ...(below === null ? [] : [belowText(below)]))
  const size = entry.deviceNumber !== null || isContent(entry) ? [sizeText(entry)] : []
  const facts = [modeText(entry), ownerText(entry), ...size, entrySecond(entry.mtimeNs)]
  return lineOf(
    ` ${facts.join('  ')}`,
    ...(entry.linkTarget === null ? [] : [`  ${linkText(entry, glyphs)}`]),
    ...(entry.torn ? [span('  changed while it was read', 'warning')] : []),
    ...(below === null ? [] : [belowText(below)]),
  )
}

function belowText(below: number): string {
  return below === 0 ? '  empty' : `  ${formatCount(below)} below it`
}

function linkText({ type, linkTarget }: ListedEntry, glyphs: Glyphs): string {
  const target = plainPath(linkTarget as BytePath) // asked for where there is one
  return type === 'symlink' ? `${glyphs.arrow} ${target}` : `the same file as /${target}`
}

/** All there is to know of an entry, as `name: value`, wrapped. */
export function detailLines(entry: TocEntry, columns: number, glyphs: Glyphs): readonly Line[] {
  const { content, xattrs, acl, sparse, sha256, linkTarget } = entry
  const facts: readonly (readonly [string, string])[] = [
    ['path', `/${plainPath(entry.path)}`],
    ['type', entry.type],
    ...(linkTarget === null ? [] : [['link', linkText(entry, glyphs)] as const]),
    ...(isContent(entry)
      ? [['size', `${formatBytes(entry.sizeBytes)}, ${formatCount(entry.sizeBytes)} bytes`] as const]
      : []),
    ...(entry.deviceNumber === null ? [] : [['device', sizeText(entry)] as const]),
    ['mode', `${modeText(entry)}  ${entry.mode.toString(8).padStart(4, '0')}`],
    ['owner', `${ownerText(entry)}  ${entry.uid}:${entry.gid}`],
    ['modified', nanosecond(entry.mtimeNs)],
    ['changed', nanosecond(entry.ctimeNs)],
    ['inode', `${entry.inode} on device ${entry.device}`],
    ...(sha256 === null ? [] : [['sha256', sha256] as const]),
    ...(sparse === null ? [] : [['holes', `data in ${formatCount(sparse.length)} regions`] as const]),
    ...[...xattrs].map(([name, value]) => ['attribute', `${plainText(name)}, ${formatBytes(value.length)}`] as const),
    ...(acl?.access === undefined ? [] : [['acl', plainText(acl.access)] as const]),
    ...(acl?.default === undefined ? [] : [['default acl', plainText(acl.default)] as const]),
    ['stored', storedText(content)],
    ...(entry.torn ? [['torn', 'it changed while it was read: its content is a mixture'] as const] : []),
  ]
  return facts.flatMap(([name, value]) =>
    wrap(value, columns - 12).map((text, at) => lineOf(span((at === 0 ? name : '').padEnd(12), 'dim'), text)),
  )
}

function nanosecond(ns: bigint): string {
  const iso = isoOf(ns)
  if (iso === null) return `${ns} ns`
  return `${iso.slice(0, -5).replace('T', ' ')}.${String(nanosecondsOf(ns)).padStart(9, '0')}Z`
}

/** Those of its second. */
function nanosecondsOf(ns: bigint): bigint {
  return ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
}

function storedText(content: TocEntry['content']): string {
  switch (content.kind) {
    case 'none':
      return 'no bytes'
    case 'extent':
      return `in one piece, in archive number ${content.holder} of its lineage`
    case 'chunks': {
      const holders = [...new Set(content.chunks.map(({ holder }) => holder))].sort((a, b) => a - b)
      const where = holders.length === 1 ? `archive number ${holders[0]}` : `archives number ${holders.join(', ')}`
      return `in ${formatCount(content.chunks.length)} pieces, in ${where} of its lineage`
    }
  }
}
