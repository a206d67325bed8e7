import type { Chunk } from '../../model/format.ts'
import { type BytePath, pathToText } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import { typeLetters } from './type-letters.ts'

/**
 * A line of the table of contents, as it is written: JSON with its keys in a fixed order and no spaces, so that equal
 * entries are equal bytes and an unchanged page keeps its hash.
 */

/**
 * The line as another archive writes it: with the ordinal of the archive that holds the content. Null where that is
 * not done by setting in a few characters.
 */
export function withHolderInLine(line: string, ordinal: number): string | null {
  if (line.includes(',"ck":[') || line.includes(',"ckx":[')) return null
  // In JSON a quote inside a text is escaped, so this stands where it means what it says.
  const start = line.indexOf(',"x":[')
  if (start < 0) return line
  const end = line.indexOf(']', start) + 1
  return line.startsWith(',"r":', end) ? line : `${line.slice(0, end)},"r":${ordinal}${line.slice(end)}`
}

/** Chunk lists and sparse maps longer than this are stored as a piece of the archive of their own. */
export const inlineListBytes = 64 * 1024

/** A list too long for its line: where its JSON lies. */
export interface OutsideList {
  readonly offset: number
  readonly compressedBytes: number
  readonly inner: number
  readonly length: number
}

/** Without the line feed. `outside` replaces the chunk list by a reference to where it is stored. */
export function encodeTocLine(entry: TocEntry, outside: OutsideList | null = null): string {
  const { head, tail } = encodeTocLineAround(entry, outside)
  return entry.content.kind === 'extent' ? `${head}${entry.content.extent.offset}${tail}` : head
}

/** The line in two parts, between which the offset of its extent belongs; without an extent the head is all of it. */
export function encodeTocLineAround(
  entry: TocEntry,
  outside: OutsideList | null = null,
): { head: string; tail: string } {
  const hash = entry.sha256 === null ? '' : `,"h":"${entry.sha256}"`
  const head = encodeFront(entry, entry.sha256 !== null) + hash
  const rest = encodeRest(entry, outside)
  if (entry.content.kind !== 'extent') return { head: head + rest, tail: '' }
  const { compressedBytes, inner } = entry.content.extent
  const holder = entry.content.holder === 0 ? '' : `,"r":${entry.content.holder}`
  return { head: `${head},"x":[`, tail: `,${compressedBytes},${inner}]${holder}${rest}` }
}

/** What stands in a line before the hash of the content: all that the file system says without reading. */
type Unread = Omit<TocEntry, 'sha256' | 'content' | 'xattrs' | 'acl' | 'sparse' | 'torn'>

/**
 * What a line of an entry that has not changed begins with, to its last character before a comma or the closing brace.
 */
export function encodeUnread(entry: Unread): string {
  return encodeFront(entry, entry.type === 'file' || entry.type === 'hardlink')
}

function encodeFront(entry: Unread, hasContent: boolean): string {
  if (entry.type === 'unknown') throw new TypeError('an entry of unknown type is never written')
  let line = `{${jsonPathMember('p', 'pb', entry.path)},"t":"${typeLetters[entry.type]}","m":${entry.mode},"u":${entry.uid},"g":${entry.gid}`
  if (entry.userName !== null) line += `,"U":${JSON.stringify(entry.userName)}`
  if (entry.groupName !== null) line += `,"G":${JSON.stringify(entry.groupName)}`
  if (hasContent) line += `,"s":${entry.sizeBytes}`
  line += `,"mt":"${entry.mtimeNs}","ct":"${entry.ctimeNs}","i":${entry.inode},"dv":${entry.device}`
  if (entry.deviceNumber !== null) line += `,"rd":[${entry.deviceNumber.major},${entry.deviceNumber.minor}]`
  if (entry.linkTarget !== null) line += `,${jsonPathMember('l', 'lb', entry.linkTarget)}`
  return line
}

function encodeRest(entry: TocEntry, outside: OutsideList | null): string {
  let line = ''
  if (outside !== null) {
    line += `,"ckx":[${outside.offset},${outside.compressedBytes},${outside.inner},${outside.length}]`
  } else if (entry.content.kind === 'chunks') line += `,"ck":${encodeChunks(entry.content.chunks)}`
  if (entry.xattrs.size > 0) {
    const values = [...entry.xattrs].map(([name, value]) => [name, Buffer.from(value).toString('base64')])
    line += `,"xa":${JSON.stringify(Object.fromEntries(values))}`
  }
  if (entry.acl !== null) line += `,"acl":${JSON.stringify({ access: entry.acl.access, default: entry.acl.default })}`
  if (entry.sparse !== null) line += `,"sp":${JSON.stringify(entry.sparse)}`
  if (entry.torn) line += ',"torn":1'
  return `${line}}`
}

export function encodeChunks(chunks: readonly Chunk[]): string {
  return JSON.stringify(
    chunks.map(({ holder, offset, compressedBytes, inner, length, sha256 }) =>
      sha256 === null
        ? [holder, offset, compressedBytes, inner, length]
        : [holder, offset, compressedBytes, inner, length, sha256],
    ),
  )
}

function jsonPathMember(textKey: string, bytesKey: string, path: BytePath): string {
  const text = pathToText(path)
  if (text !== null) return `"${textKey}":${JSON.stringify(text)}`
  return `"${bytesKey}":"${Buffer.from(path, 'latin1').toString('base64')}"`
}
