import * as z from 'zod'
import { type Chunk, limits, sha256Hex } from '../../model/archive.ts'
import { damaged } from '../../model/errors.ts'
import { type BytePath, pathFromBytes, pathFromText, pathToText } from '../../model/path.ts'
import type { EntryType } from '../../model/source.ts'
import type { TocContent, TocEntry } from '../../model/toc.ts'

/**
 * One line of the table of contents: JSON with its keys in a fixed order and no spaces, so that equal entries are
 * equal bytes and an unchanged page keeps its hash.
 */

const letterOf: Record<EntryType, string> = {
  file: 'f',
  directory: 'd',
  symlink: 'l',
  hardlink: 'h',
  'char-device': 'c',
  'block-device': 'b',
  fifo: 'p',
}
const typeOf: Record<string, EntryType> = Object.fromEntries(
  Object.entries(letterOf).map(([type, letter]) => [letter, type as EntryType]), // the inverse of a typed table
)

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
  const head = encodeFront(entry)
  const rest = encodeRest(entry, outside)
  if (entry.content.kind !== 'extent') return { head: head + rest, tail: '' }
  const { compressedBytes, inner } = entry.content.extent
  const holder = entry.content.holder === 0 ? '' : `,"r":${entry.content.holder}`
  return { head: `${head},"x":[`, tail: `,${compressedBytes},${inner}]${holder}${rest}` }
}

function encodeFront(entry: TocEntry): string {
  if (entry.type === 'unknown') throw new TypeError('an entry of unknown type is never written')
  let line = `{${jsonPathMember('p', 'pb', entry.path)},"t":"${letterOf[entry.type]}","m":${entry.mode},"u":${entry.uid},"g":${entry.gid}`
  if (entry.userName !== null) line += `,"U":${JSON.stringify(entry.userName)}`
  if (entry.groupName !== null) line += `,"G":${JSON.stringify(entry.groupName)}`
  if (entry.sha256 !== null) line += `,"s":${entry.sizeBytes}`
  line += `,"mt":"${entry.mtimeNs}","ct":"${entry.ctimeNs}","i":${entry.inode},"dv":${entry.device}`
  if (entry.deviceNumber !== null) line += `,"rd":[${entry.deviceNumber.major},${entry.deviceNumber.minor}]`
  if (entry.linkTarget !== null) line += `,${jsonPathMember('l', 'lb', entry.linkTarget)}`
  if (entry.sha256 !== null) line += `,"h":"${entry.sha256}"`
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

const count = z.int().min(0)
const integerText = z.string().regex(/^-?\d{1,20}$/)
const extentTuple = z.tuple([count, count, count])
const chunkTuple = z.union([
  z.tuple([count, count, count, count, count]),
  z.tuple([count, count, count, count, count, sha256Hex]),
])
export const chunkListSchema = z.array(chunkTuple)

const lineSchema = z.looseObject({
  p: z.string().optional(),
  pb: z.base64().optional(),
  t: z.string(),
  m: z.int().min(0).max(4095),
  u: count,
  g: count,
  U: z.string().optional(),
  G: z.string().optional(),
  s: count.optional(),
  mt: integerText,
  ct: integerText,
  i: z.number().min(0),
  dv: z.number().min(0),
  rd: z.tuple([count, count]).optional(),
  l: z.string().optional(),
  lb: z.base64().optional(),
  h: sha256Hex.optional(),
  x: extentTuple.optional(),
  r: z.int().min(1).optional(),
  ck: chunkListSchema.optional(),
  ckx: z.tuple([count, count, count, count]).optional(),
  xa: z.record(z.string(), z.base64()).optional(),
  acl: z.looseObject({ access: z.string().optional(), default: z.string().optional() }).optional(),
  sp: z.array(z.tuple([count, count])).optional(),
  torn: z.number().optional(),
})

export interface ParsedTocLine {
  readonly entry: TocEntry
  /** The chunk list lies outside the line; entry.content is `none` until it has been read. */
  readonly outside: OutsideList | null
}

/** @throws E_DAMAGED where the line is no entry. Unknown keys and unknown types are let through. */
export function parseTocLine(line: string): ParsedTocLine {
  if (line.length > limits.tocLineBytes) throw damaged('a line of the table of contents is too long')
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw damaged('a line of the table of contents is not JSON')
  }
  const parsed = lineSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw damaged(
      `a line of the table of contents is malformed at '${issue?.path.join('.') ?? ''}': ${issue?.message ?? ''}`,
    )
  }
  const fields = parsed.data
  const path = pathMember(fields.p, fields.pb)
  if (path === null) throw damaged('a line of the table of contents has no path')
  const type = typeOf[fields.t] ?? 'unknown'
  const outside =
    fields.ckx === undefined
      ? null
      : { offset: fields.ckx[0], compressedBytes: fields.ckx[1], inner: fields.ckx[2], length: fields.ckx[3] }
  const carriesData = type === 'file' || type === 'hardlink'
  if (carriesData && (fields.s === undefined || fields.h === undefined))
    throw damaged('a file in the table of contents has no size or no hash')
  return {
    outside,
    entry: {
      path,
      type,
      mode: fields.m,
      uid: fields.u,
      gid: fields.g,
      userName: fields.U ?? null,
      groupName: fields.G ?? null,
      sizeBytes: fields.s ?? 0,
      mtimeNs: BigInt(fields.mt),
      ctimeNs: BigInt(fields.ct),
      inode: integerAfter(line, '"i":', fields.i),
      device: integerAfter(line, '"dv":', fields.dv),
      deviceNumber: fields.rd === undefined ? null : { major: fields.rd[0], minor: fields.rd[1] },
      linkTarget: pathMember(fields.l, fields.lb),
      sha256: carriesData ? (fields.h ?? null) : null,
      content: contentOf(fields),
      xattrs: new Map(Object.entries(fields.xa ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
      acl:
        fields.acl === undefined
          ? null
          : {
              ...(fields.acl.access === undefined ? {} : { access: fields.acl.access }),
              ...(fields.acl.default === undefined ? {} : { default: fields.acl.default }),
            },
      sparse: fields.sp ?? null,
      torn: fields.torn === 1,
    },
  }
}

export function chunksFromTuples(tuples: z.infer<typeof chunkListSchema>): Chunk[] {
  return tuples.map(([holder, offset, compressedBytes, inner, length, sha256]) => ({
    holder,
    offset,
    compressedBytes,
    inner,
    length,
    sha256: sha256 ?? null,
  }))
}

function contentOf(fields: z.infer<typeof lineSchema>): TocContent {
  if (fields.ck !== undefined) return { kind: 'chunks', chunks: chunksFromTuples(fields.ck) }
  if (fields.x === undefined) return { kind: 'none' }
  const [offset, compressedBytes, inner] = fields.x
  return { kind: 'extent', holder: fields.r ?? 0, extent: { offset, compressedBytes, inner } }
}

function pathMember(text: string | undefined, base64: string | undefined): BytePath | null {
  if (text !== undefined) return pathFromText(text)
  if (base64 !== undefined) return pathFromBytes(Buffer.from(base64, 'base64'))
  return null
}

/** Inode numbers may exceed what a JSON number holds exactly; then their digits are read from the line itself. */
function integerAfter(line: string, key: string, value: number): bigint {
  if (Number.isSafeInteger(value)) return BigInt(value)
  const digits = /^\d{1,20}/.exec(line.slice(line.indexOf(`,${key}`) + key.length + 1))
  return BigInt(digits?.[0] ?? '0')
}
