import { damaged } from '../../model/errors.ts'
import { xattrNameFromBytes } from '../platform/xattr-name.ts'

/** The records of a PAX extended header that this profile knows; unknown keys are let through (POSIX.1-2017, pax). */
export interface PaxRecords {
  readonly path: string | null
  readonly linkTarget: string | null
  readonly sizeBytes: number | null
  readonly uid: number | null
  readonly gid: number | null
  readonly mtimeNs: bigint | null
  readonly comment: string | null
  readonly sparse: { readonly name: string; readonly realSizeBytes: number } | null
  readonly xattrs: ReadonlyMap<string, Uint8Array>
  readonly acl: { readonly access?: string; readonly default?: string } | null
}

const xattrPrefix = 'SCHILY.xattr.'

/** @throws E_DAMAGED where a record is not `length key=value` or a known key has an impossible value. */
export function parsePax(bytes: Buffer): PaxRecords {
  const records = new Map<string, Buffer>()
  const xattrs = new Map<string, Uint8Array>()
  for (let at = 0; at < bytes.length; ) {
    const { key, value, end } = parseRecord(bytes, at)
    at = end
    if (key.startsWith(xattrPrefix)) {
      const name = xattrName(key.slice(xattrPrefix.length))
      if (xattrs.has(name)) throw damaged('a PAX header names an attribute twice')
      // The block is read into again; attributes outlive it.
      xattrs.set(name, Buffer.from(value))
      continue
    }
    if (records.has(key)) throw damaged('a PAX header has a key twice')
    records.set(key, value)
  }
  const string = (key: string): string | null => records.get(key)?.toString('latin1') ?? null
  const access = string('SCHILY.acl.access')
  const byDefault = string('SCHILY.acl.default')
  return {
    path: string('path'),
    linkTarget: string('linkpath'),
    sizeBytes: whole(string('size')),
    uid: whole(string('uid')),
    gid: whole(string('gid')),
    mtimeNs: time(string('mtime')),
    comment: string('comment'),
    sparse: sparseOf(string),
    xattrs,
    acl:
      access === null && byDefault === null
        ? null
        : { ...(access === null ? {} : { access }), ...(byDefault === null ? {} : { default: byDefault }) },
  }
}

function parseRecord(bytes: Buffer, start: number): { key: string; value: Buffer; end: number } {
  let at = start
  let length = 0
  while (at < bytes.length && at - start < 8 && isDigit(bytes[at]))
    length = length * 10 + (bytes[at++] as number) - 0x30
  const end = start + length
  if (at === start || bytes[at] !== 0x20 || end > bytes.length || end <= at + 1 || bytes[end - 1] !== 0x0a)
    throw damaged('a PAX record has a wrong length')
  const equals = bytes.indexOf(0x3d, at + 1)
  if (equals <= at + 1 || equals >= end) throw damaged('a PAX record has no key')
  return { key: xattrNameFromBytes(bytes.subarray(at + 1, equals)), value: bytes.subarray(equals + 1, end - 1), end }
}

/** The inverse of GNU tar's spelling: %3D is '=', %25 is '%'. */
function xattrName(keyword: string): string {
  if (!keyword.includes('%')) return keyword
  return keyword.replace(/%3D|%25/g, (spelt) => (spelt === '%3D' ? '=' : '%'))
}

function sparseOf(string: (key: string) => string | null): PaxRecords['sparse'] {
  const major = string('GNU.sparse.major')
  if (major === null) return null
  const name = string('GNU.sparse.name')
  const realSizeBytes = whole(string('GNU.sparse.realsize'))
  if (major !== '1' || string('GNU.sparse.minor') !== '0' || name === null || realSizeBytes === null)
    throw damaged('a sparse file in the tar is not of version 1.0')
  return { name, realSizeBytes }
}

function whole(written: string | null): number | null {
  if (written === null) return null
  const value = /^\d{1,16}$/.test(written) ? Number(written) : Number.NaN
  if (!Number.isSafeInteger(value)) throw damaged('a PAX record should be a number and is not')
  return value
}

function time(written: string | null): bigint | null {
  if (written === null) return null
  const [, sign, seconds, fraction] = /^(-?)(\d{1,19})(?:\.(\d{1,9}))?$/.exec(written) ?? []
  if (seconds === undefined) throw damaged('a PAX record should be a time and is not')
  const magnitude = BigInt(seconds) * 1_000_000_000n + BigInt((fraction ?? '').padEnd(9, '0'))
  return sign === '-' ? -magnitude : magnitude
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

/** Reads the map before a sparse member's content, block by block: a count, then offset and length of each region. */
export class SparseMapReader {
  readonly regions: [number, number][] = []
  mapBytes = 0
  /** Numbers still to come; null until the count is known. */
  #left: number | null = null
  #value = 0
  #digits = 0
  #offset: number | null = null

  /** True once the map is complete. @throws E_DAMAGED. */
  push(block: Uint8Array): boolean {
    this.mapBytes += block.length
    for (let at = 0; at < block.length; at++) {
      const byte = block[at] as number
      if (this.#left === 0) {
        if (byte !== 0) throw damaged('bytes follow the map of a sparse file')
      } else if (byte === 0x0a && this.#digits > 0) {
        this.#number(this.#value)
        this.#value = 0
        this.#digits = 0
      } else {
        if (!isDigit(byte) || ++this.#digits > 16) throw damaged('the map of a sparse file has a number that is none')
        this.#value = this.#value * 10 + byte - 0x30
      }
    }
    return this.#left === 0
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value)) throw damaged('the map of a sparse file has a number out of range')
    if (this.#left === null) {
      this.#left = value * 2
      return
    }
    this.#left--
    if (this.#offset === null) {
      this.#offset = value
    } else {
      this.regions.push([this.#offset, value])
      this.#offset = null
    }
  }
}
