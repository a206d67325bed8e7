import { type BackupError, damaged } from '../../model/errors.ts'
import { type Chunk, limits } from '../../model/format.ts'
import { type BytePath, pathFromBytes, pathFromText } from '../../model/path.ts'
import type { TocContent, TocEntry } from '../../model/toc.ts'
import type { OutsideList } from './toc-line.ts'
import { typeOfLetter } from './type-letters.ts'

/** A line of the table of contents, read: what stands in it may be anything. */

/** The path a line begins with, without reading the rest. @throws E_DAMAGED. */
export function pathOfLine(line: string): BytePath {
  if (line.startsWith('{"p":"')) {
    const end = line.indexOf('","t":"', 6)
    const text = line.slice(6, end)
    if (end > 0 && !text.includes('\\')) return pathFromText(text)
  }
  return parseTocLine(line).entry.path
}

export interface ParsedTocLine {
  readonly entry: TocEntry
  /** The chunk list lies outside the line; entry.content is `none` until it has been read. */
  readonly outside: OutsideList | null
}

/**
 * Checked by hand and not by a schema: a restore parses every line of an archive, and a schema costs several times
 * what all the rest of the line does.
 *
 * @throws E_DAMAGED where the line is no entry. Unknown keys and unknown types are let through.
 */
export function parseTocLine(line: string): ParsedTocLine {
  if (line.length > limits.tocLineBytes) throw damaged('a line of the table of contents is too long')
  const fields = new Fields(line)
  const path = fields.path('p', 'pb')
  if (path === null) throw damaged('a line of the table of contents has no path')
  const type = typeOfLetter.get(fields.text('t') ?? '') ?? 'unknown'
  const carriesData = type === 'file' || type === 'hardlink'
  const outside = fields.numbers('ckx', 4)
  return {
    outside:
      outside === null
        ? null
        : {
            offset: outside[0] as number,
            compressedBytes: outside[1] as number,
            inner: outside[2] as number,
            length: outside[3] as number,
          },
    entry: {
      path,
      type,
      mode: fields.required('m', 4095),
      uid: fields.required('u'),
      gid: fields.required('g'),
      userName: fields.text('U'),
      groupName: fields.text('G'),
      sizeBytes: carriesData ? fields.required('s') : 0,
      mtimeNs: fields.time('mt'),
      ctimeNs: fields.time('ct'),
      inode: fields.large('i'),
      device: fields.large('dv'),
      deviceNumber: fields.deviceNumber(),
      linkTarget: fields.path('l', 'lb'),
      sha256: carriesData ? fields.sha256() : null,
      content: fields.content(),
      xattrs: fields.xattrs(),
      acl: fields.acl(),
      sparse: fields.sparse(),
      torn: fields.value('torn') === 1,
    },
  }
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const hash64 = /^[0-9a-f]{64}$/
const integerText = /^-?\d{1,20}$/
const noXattrs: ReadonlyMap<string, Uint8Array> = new Map()

/** The members of one line, each taken only as what it must be. */
class Fields {
  readonly #line: string
  readonly #members: Readonly<Record<string, unknown>>

  constructor(line: string) {
    this.#line = line
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      throw damaged('a line of the table of contents is not JSON')
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw damaged('a line of the table of contents is not an object')
    }
    this.#members = value as Record<string, unknown> // just looked at
  }

  value(key: string): unknown {
    return Object.hasOwn(this.#members, key) ? this.#members[key] : undefined
  }

  required(key: string, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.value(key)
    if (!isCount(value) || value > most) throw malformed(key)
    return value
  }

  text(key: string): string | null {
    const value = this.value(key)
    if (value === undefined) return null
    if (typeof value !== 'string') throw malformed(key)
    return value
  }

  path(textKey: string, bytesKey: string): BytePath | null {
    const text = this.text(textKey)
    if (text !== null) return pathFromText(text)
    const bytes = this.text(bytesKey)
    if (bytes === null) return null
    if (!base64.test(bytes)) throw malformed(bytesKey)
    return pathFromBytes(Buffer.from(bytes, 'base64'))
  }

  time(key: string): bigint {
    const text = this.text(key)
    if (text === null || !integerText.test(text)) throw malformed(key)
    return BigInt(text)
  }

  /** Inode numbers may exceed what a JSON number holds exactly; then their digits are read from the line itself. */
  large(key: string): bigint {
    const value = this.value(key)
    if (typeof value !== 'number' || !(value >= 0)) throw malformed(key)
    if (Number.isSafeInteger(value)) return BigInt(value)
    const start = this.#line.indexOf(`,"${key}":`) + key.length + 4
    const digits = /^\d{1,20}/.exec(this.#line.slice(start, start + 20))
    if (digits === null) throw malformed(key)
    return BigInt(digits[0])
  }

  sha256(): string {
    const text = this.text('h')
    if (text === null || !hash64.test(text)) throw malformed('h')
    return text
  }

  /** An array of so many counts; null where it is absent. */
  numbers(key: string, length: number): readonly number[] | null {
    const value = this.value(key)
    if (value === undefined) return null
    if (!Array.isArray(value) || value.length !== length || !value.every(isCount)) throw malformed(key)
    return value
  }

  deviceNumber(): TocEntry['deviceNumber'] {
    const numbers = this.numbers('rd', 2)
    return numbers === null ? null : { major: numbers[0] as number, minor: numbers[1] as number }
  }

  content(): TocContent {
    const chunks = this.value('ck')
    if (chunks !== undefined) {
      const list = parseChunks(chunks)
      if (list === null) throw malformed('ck')
      return { kind: 'chunks', chunks: list }
    }
    const holder = this.value('r') === undefined ? 0 : this.required('r')
    if (holder === 0 && this.value('r') !== undefined) throw malformed('r')
    const extent = this.numbers('x', 3)
    if (extent === null) return { kind: 'none' }
    const [offset, compressedBytes, inner] = extent as [number, number, number]
    return { kind: 'extent', holder, extent: { offset, compressedBytes, inner } }
  }

  xattrs(): ReadonlyMap<string, Uint8Array> {
    const value = this.value('xa')
    if (value === undefined) return noXattrs
    if (typeof value !== 'object' || value === null) throw malformed('xa')
    return new Map(
      Object.entries(value).map(([name, text]) => {
        if (typeof text !== 'string' || !base64.test(text)) throw malformed('xa')
        return [name, Buffer.from(text, 'base64')]
      }),
    )
  }

  acl(): TocEntry['acl'] {
    const value = this.value('acl')
    if (value === undefined) return null
    if (typeof value !== 'object' || value === null) throw malformed('acl')
    const acl: { access?: string; default?: string } = {}
    for (const which of ['access', 'default'] as const) {
      const text = which in value ? (value as Record<string, unknown>)[which] : undefined
      if (text === undefined) continue
      if (typeof text !== 'string') throw malformed('acl')
      acl[which] = text
    }
    return acl
  }

  sparse(): TocEntry['sparse'] {
    const value = this.value('sp')
    if (value === undefined) return null
    const isPair = (pair: unknown): boolean => Array.isArray(pair) && pair.length === 2 && pair.every(isCount)
    if (!Array.isArray(value) || !value.every(isPair)) throw malformed('sp')
    return value as [number, number][] // just looked at
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function malformed(key: string): BackupError {
  return damaged(`a line of the table of contents is malformed at '${key}'`)
}

type ChunkTuple = readonly [number, number, number, number, number, string?]

/** A chunk list as it stands in JSON; null where it is none. */
export function parseChunks(value: unknown): Chunk[] | null {
  if (!Array.isArray(value)) return null
  const isChunk = (tuple: unknown): boolean =>
    Array.isArray(tuple) &&
    (tuple.length === 5 || (tuple.length === 6 && typeof tuple[5] === 'string' && hash64.test(tuple[5]))) &&
    tuple.slice(0, 5).every(isCount)
  if (!value.every(isChunk)) return null
  return (value as ChunkTuple[]).map(([holder, offset, compressedBytes, inner, length, sha256]) => ({
    holder,
    offset,
    compressedBytes,
    inner,
    length,
    sha256: sha256 ?? null,
  }))
}
