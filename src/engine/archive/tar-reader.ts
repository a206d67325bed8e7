import { damaged } from '../../model/errors.ts'
import { limits } from '../../model/format.ts'
import { type BytePath, displayPath } from '../../model/path.ts'
import type { EntryType } from '../../model/source.ts'
import { paddedBytes, tarBlockBytes } from './tar-header.ts'
import { type PaxRecords, parsePax, SparseMapReader } from './tar-pax.ts'
import { mustBeZero, parseUstar, type UstarHeader } from './tar-ustar.ts'

/**
 * Reads the tar profile back, and nothing but it: ustar and PAX headers, GNU.sparse 1.0. For a verification, which
 * wants to hear of every byte that a writer would not have written.
 */

export interface ReadMember {
  readonly path: BytePath
  readonly type: EntryType
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly userName: string
  readonly groupName: string
  readonly mtimeNs: bigint
  readonly linkTarget: BytePath | null
  readonly deviceNumber: { readonly major: number; readonly minor: number } | null
  /** Logical size; 0 for what has no content. */
  readonly sizeBytes: number
  /** Bytes of content in the tar, without the sparse map. */
  readonly storedBytes: number
  readonly sparse: readonly (readonly [number, number])[] | null
  readonly xattrs: ReadonlyMap<string, Uint8Array>
  readonly acl: { readonly access?: string; readonly default?: string } | null
  /** Offset in the tar of the first stored byte. */
  readonly contentStart: number
}

/** Hears the tar in order; every member is followed by its content in pieces and by `end`. */
export interface TarListener {
  /** The comment of a global header. */
  comment(text: string): void
  member(member: ReadMember): void
  /** Good until the call returns. */
  content(bytes: Uint8Array): void
  end(): void
}

/** A PAX header holds a few paths and the extended attributes; a sparse map lies in the content, not here. */
const paxLimitBytes = 1 << 20

const typeOfFlag: Partial<Record<number, EntryType>> = {
  48: 'file',
  49: 'hardlink',
  50: 'symlink',
  51: 'char-device',
  52: 'block-device',
  53: 'directory',
  54: 'fifo',
}
const localFlag = 0x78
const globalFlag = 0x67

type State =
  | { readonly kind: 'header' }
  | { readonly kind: 'pax'; readonly flag: number; readonly sizeBytes: number }
  | { readonly kind: 'map'; readonly member: ReadMember; readonly map: SparseMapReader }
  | { readonly kind: 'content'; left: number; readonly paddingBytes: number }
  | { readonly kind: 'padding'; left: number }
  | { readonly kind: 'second-zero-block' }
  | { readonly kind: 'ended' }

export class TarReader {
  readonly #listener: TarListener
  #state: State = { kind: 'header' }
  /** PAX records that wait for their member. */
  #pax: PaxRecords | null = null
  /** Bytes of a block or a PAX header that is not complete yet. */
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #position = 0

  constructor(listener: TarListener) {
    this.#listener = listener
  }

  /** Offset in the tar of the next byte to be pushed. */
  get position(): number {
    return this.#position + this.#pendingBytes
  }

  /** @throws E_DAMAGED at the first byte that is against the profile; the reader can then only be resumed. */
  push(bytes: Uint8Array): void {
    let rest = bytes
    while (rest.length > 0) rest = rest.subarray(this.#take(rest))
  }

  /** @throws E_DAMAGED where the tar has not come to its end. */
  finish(): void {
    if (this.#state.kind !== 'ended') throw damaged('the tar ends before its two closing blocks')
  }

  /** Goes on after bytes that are lost: the next byte is the first of a content that is known from elsewhere. */
  resume(position: number, storedBytes: number): void {
    this.#pax = null
    this.#pending = []
    this.#pendingBytes = 0
    this.#position = position
    this.#content(storedBytes)
  }

  #take(bytes: Uint8Array): number {
    const state = this.#state
    switch (state.kind) {
      case 'content': {
        const piece = bytes.length > state.left ? bytes.subarray(0, state.left) : bytes
        state.left -= piece.length
        this.#position += piece.length
        this.#listener.content(piece)
        if (state.left === 0) this.#contentDone(state.paddingBytes)
        return piece.length
      }
      case 'padding': {
        const piece = bytes.length > state.left ? bytes.subarray(0, state.left) : bytes
        mustBeZero(piece, 'the padding after a member')
        state.left -= piece.length
        this.#position += piece.length
        if (state.left === 0) this.#state = { kind: 'header' }
        return piece.length
      }
      case 'ended':
        throw damaged('bytes follow the end of the tar')
      default:
        return this.#gather(bytes, state.kind === 'pax' ? paddedBytes(state.sizeBytes) : tarBlockBytes)
    }
  }

  /** Collects `wanted` bytes and hands them on; returns how many of `bytes` were taken. */
  #gather(bytes: Uint8Array, wanted: number): number {
    const taken = Math.min(bytes.length, wanted - this.#pendingBytes)
    const piece = bytes.subarray(0, taken)
    if (this.#pendingBytes + taken < wanted) {
      this.#pending.push(Uint8Array.prototype.slice.call(piece))
      this.#pendingBytes += taken
      return taken
    }
    const whole = this.#pendingBytes === 0 ? piece : Buffer.concat([...this.#pending, piece], wanted)
    this.#pending = []
    this.#pendingBytes = 0
    this.#position += wanted
    this.#complete(Buffer.from(whole.buffer, whole.byteOffset, whole.length))
    return taken
  }

  #complete(block: Buffer): void {
    const state = this.#state
    switch (state.kind) {
      case 'header':
        this.#header(block)
        return
      case 'pax':
        this.#extended(block, state.flag, state.sizeBytes)
        return
      case 'map':
        if (state.map.push(block)) this.#sparse(state.member, state.map)
        return
      case 'second-zero-block':
        mustBeZero(block, 'the second closing block of the tar')
        this.#state = { kind: 'ended' }
        return
      default:
        throw new TypeError(`a block came in the state ${state.kind}`)
    }
  }

  #header(block: Buffer): void {
    if (block[0] === 0) {
      mustBeZero(block, 'a closing block of the tar')
      if (this.#pax !== null) throw damaged('a PAX header has no member')
      this.#state = { kind: 'second-zero-block' }
      return
    }
    const header = parseUstar(block)
    if (header.flag !== localFlag && header.flag !== globalFlag) {
      this.#member(header)
      return
    }
    if (this.#pax !== null) throw damaged('a PAX header follows another one')
    if (header.size === 0 || header.size > paxLimitBytes)
      throw damaged(`a PAX header is ${header.size} bytes long, which no writer makes`)
    this.#state = { kind: 'pax', flag: header.flag, sizeBytes: header.size }
  }

  #extended(block: Buffer, flag: number, sizeBytes: number): void {
    mustBeZero(block.subarray(sizeBytes), 'the padding after a PAX header')
    const records = parsePax(block.subarray(0, sizeBytes))
    this.#state = { kind: 'header' }
    if (flag === localFlag) {
      this.#pax = records
      return
    }
    if (records.comment === null) throw damaged('a global PAX header has no comment')
    this.#listener.comment(records.comment)
  }

  #member(header: UstarHeader): void {
    const pax = this.#pax
    this.#pax = null
    const type = typeOfFlag[header.flag]
    if (type === undefined) throw damaged(`a tar header has the unknown type ${header.flag}`)
    const size = pax?.sizeBytes ?? header.size
    if (size > 0 && type !== 'file') throw damaged(`a ${type} in the tar has content`)
    const written = pax?.sparse?.name ?? pax?.path ?? header.name
    const member: ReadMember = {
      path: pathOf(written, type),
      type,
      mode: header.mode,
      uid: pax?.uid ?? header.uid,
      gid: pax?.gid ?? header.gid,
      userName: header.userName,
      groupName: header.groupName,
      mtimeNs: pax?.mtimeNs ?? BigInt(header.mtime) * 1_000_000_000n,
      linkTarget: linkOf(pax?.linkTarget ?? header.link, type),
      deviceNumber: type === 'char-device' || type === 'block-device' ? header.device : null,
      sizeBytes: pax?.sparse?.realSizeBytes ?? size,
      storedBytes: size,
      sparse: null,
      xattrs: pax?.xattrs ?? noXattrs,
      acl: pax?.acl ?? null,
      contentStart: this.#position,
    }
    if (pax?.sparse == null) {
      this.#begin(member)
      return
    }
    if (type !== 'file') throw damaged(`a ${type} in the tar has holes`)
    this.#state = { kind: 'map', member, map: new SparseMapReader() }
  }

  #sparse(member: ReadMember, map: SparseMapReader): void {
    const { regions, mapBytes } = map
    let end = 0
    let storedBytes = 0
    for (const [offset, length] of regions) {
      if (offset < end || offset + length > member.sizeBytes)
        throw damaged(`the map of the sparse file ${displayPath(member.path)} is out of order`)
      end = offset + length
      storedBytes += length
    }
    if (storedBytes + mapBytes !== member.storedBytes)
      throw damaged(`the map of the sparse file ${displayPath(member.path)} does not fit its size`)
    this.#begin({ ...member, storedBytes, sparse: regions, contentStart: this.#position })
  }

  #begin(member: ReadMember): void {
    this.#listener.member(member)
    this.#content(member.storedBytes)
  }

  #content(storedBytes: number): void {
    const paddingBytes = paddedBytes(storedBytes) - storedBytes
    if (storedBytes === 0) this.#contentDone(0)
    else this.#state = { kind: 'content', left: storedBytes, paddingBytes }
  }

  #contentDone(paddingBytes: number): void {
    this.#state = paddingBytes === 0 ? { kind: 'header' } : { kind: 'padding', left: paddingBytes }
    this.#listener.end()
  }
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map()

function pathOf(written: string, type: EntryType): BytePath {
  const isDirectory = type === 'directory'
  const path = isDirectory && written.endsWith('/') ? written.slice(0, -1) : written
  if (path === '' || path.length > limits.pathBytes || path.includes('\0') || written.endsWith('/') !== isDirectory)
    throw damaged('a member of the tar has no proper name')
  return path as BytePath // one character per byte, as parseUstar and parsePax give it
}

function linkOf(written: string, type: EntryType): BytePath | null {
  const isLink = type === 'symlink' || type === 'hardlink'
  if (written.includes('\0') || (written !== '') !== isLink) throw damaged(`a ${type} in the tar has no proper target`)
  return isLink ? (written as BytePath) : null // as above
}
