import { hash } from 'node:crypto'
import { type Pub, type Root, rootSchema } from '../../model/archive.ts'
import { BackupError, damaged } from '../../model/errors.ts'
import { type Compression, limits, locatorBytes, type RootLocation } from '../../model/format.ts'
import { type BytePath, displayPath, pathFromBytes, pathFromText } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { Keys } from '../keys/slots.ts'
import { readBytes } from '../platform/json-file.ts'
import { letGo } from '../platform/let-go.ts'
import { readFully } from '../platform/read-fully.ts'
import { type OpenedHeader, openHeader } from './header.ts'
import type { ArchiveBytes } from './header-region.ts'
import { decodeLocator } from './locator.ts'
import { prefixBytes, segmentKeyOf } from './stream-aead.ts'
import { openArchiveFile, type StreamAccess, StreamReader } from './stream-reader.ts'
import type { PageReference } from './toc-pages.ts'

/** Where an archive lies, and what its manifest says of it. */
export interface ArchivePlace {
  readonly path: BytePath
  readonly id: string
  readonly compression: Compression
  readonly encrypted: boolean
  /** A copy of the header region outside the archive, for when both copies in it are damaged. */
  readonly headerCopy?: BytePath
  /** From the manifest: xz and bzip2 archives without encryption carry no locator. */
  readonly root: RootLocation
}

/** The file's own bytes, for readers of the header. Closed by whoever opened it. */
export function archiveBytes(files: Files, fd: number, path: BytePath): ArchiveBytes {
  return {
    name: displayPath(path),
    fileBytes: files.statusOf(fd).sizeBytes,
    read(position, length) {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readFully(files, fd, bytes, position))
    },
  }
}

/**
 * One archive, opened: its header and key, the authenticated end of its stream, its root. Entries and content are
 * read when asked for.
 */
export class ArchiveReader {
  readonly place: ArchivePlace
  /** Null where the archive is not encrypted. */
  readonly pub: Pub | null
  /** One copy of the header was damaged; the other one served. */
  readonly healed: boolean
  readonly access: StreamAccess
  readonly stream: StreamReader
  readonly location: RootLocation
  readonly root: Root
  readonly rootSha256: string

  /** @throws E_ARCHIVE_MISSING, E_KEY_MISSING, E_KEY_WRONG, E_DAMAGED, E_NEWER_FORMAT, E_IO. */
  constructor(files: Files, place: ArchivePlace, keys: Keys) {
    this.place = place
    const { access, pub, healed } = openAccess(files, place, keys)
    this.access = access
    this.pub = pub
    this.healed = healed
    this.stream = new StreamReader(files, access)
    try {
      this.location = this.#locate()
      const bytes = this.#rootBytes()
      this.rootSha256 = hash('sha256', bytes)
      this.root = parseRoot(bytes, place)
    } catch (error) {
      this.stream.close()
      throw error
    }
  }

  close(): void {
    this.stream.close()
  }

  /** S offset and raw offset of every frame up to frames.bin, with a closing pair. */
  frames(): { offsets: number[]; rawOffsets: number[] } {
    const { n, at } = this.root.frames
    const bytes = Buffer.from(this.stream.decode(at[0], at[1], (n + 1) * 16))
    if (bytes.length !== (n + 1) * 16) throw damaged('the list of frames has another length than promised')
    const offsets: number[] = []
    const rawOffsets: number[] = []
    for (let record = 0; record <= n; record++) {
      offsets.push(Number(bytes.readBigUInt64BE(record * 16)))
      rawOffsets.push(Number(bytes.readBigUInt64BE(record * 16 + 8)))
    }
    const ordered = offsets.every(
      (offset, record) =>
        record === 0 ||
        (offset > (offsets[record - 1] as number) &&
          (rawOffsets[record] as number) >= (rawOffsets[record - 1] as number)),
    )
    const tooLong = rawOffsets.some(
      (raw, record) => record > 0 && raw - (rawOffsets[record - 1] as number) > limits.frameRawBytes,
    )
    if (tooLong) throw damaged('a frame is longer than a frame may be')
    if (!ordered || offsets[0] !== 0 || offsets[n] !== at[0]) throw damaged('the list of frames is out of order')
    return { offsets, rawOffsets }
  }

  /** The locator at the end, or the manifest's word where the stream has none. */
  #locate(): RootLocation {
    const { compression, encrypted, root, path } = this.place
    if (!encrypted && (compression === 'xz' || compression === 'bzip2')) return root
    const length = locatorBytes[compression]
    if (this.stream.streamBytes < length) throw damaged(`the archive ${displayPath(path)} is too short`)
    return decodeLocator(
      this.stream.read(this.stream.streamBytes - length, length),
      this.stream.streamBytes,
      compression,
    )
  }

  #rootBytes(): Uint8Array {
    const { offset, compressedBytes, inner, rootBytes } = this.location
    if (rootBytes > limits.rootBytes) throw damaged('the root of the archive is larger than a reader accepts')
    return this.stream.extent({ offset, compressedBytes, inner }, rootBytes)
  }
}

/** Header and key of an archive: enough to read its stream anywhere, also in a worker. */
export function openAccess(
  files: Files,
  place: ArchivePlace,
  keys: Keys,
): { access: StreamAccess; pub: Pub | null; healed: boolean } {
  const fd = openArchiveFile(files, place.path)
  try {
    const archive = archiveBytes(files, fd, place.path)
    const { fileBytes } = archive
    if (!place.encrypted) {
      return {
        access: { path: place.path, compression: place.compression, key: null, fileBytes },
        pub: null,
        healed: false,
      }
    }
    const { pub, streamKey, associatedData, headerBytes, healed } = openHeaderOrCopy(files, place, archive, keys)
    if (pub.loc !== locatorBytes[pub.comp]) throw damaged(`the header of ${archive.name} names an impossible locator`)
    if (pub.id !== place.id) throw damaged(`${archive.name} is another archive than its manifest names`)
    const key = segmentKeyOf({
      streamKey,
      associatedData,
      segmentBytes: pub.enc.seg,
      prefix: archive.read(headerBytes, prefixBytes),
      headerBytes,
      fileBytes,
    })
    return { access: { path: place.path, compression: pub.comp, key, fileBytes }, pub, healed }
  } finally {
    letGo(files, fd)
  }
}

function openHeaderOrCopy(files: Files, place: ArchivePlace, archive: ArchiveBytes, keys: Keys): OpenedHeader {
  try {
    return openHeader(archive, keys)
  } catch (error) {
    if (!(error instanceof BackupError && error.code === 'E_DAMAGED') || place.headerCopy === undefined) throw error
    const region = readBytes(files, place.headerCopy, limits.headerBytes)
    if (region === null || region.length >= archive.fileBytes) throw error
    const read: ArchiveBytes['read'] = (position, length) =>
      position < region.length ? region.subarray(position, position + length) : archive.read(position, length)
    return { ...openHeader({ ...archive, read }, keys), healed: true }
  }
}

function parseRoot(bytes: Uint8Array, place: ArchivePlace): Root {
  const parsed = rootSchema.safeParse(parseJson(bytes))
  const name = displayPath(place.path)
  if (!parsed.success) {
    throw damaged(`the root of ${name} is malformed at '${parsed.error.issues[0]?.path.join('.') ?? ''}'`)
  }
  const root = parsed.data
  if (root.id !== place.id) throw damaged(`${name} is another archive than its manifest names`)
  const [feature] = root.incompat
  if (feature !== undefined)
    throw new BackupError(
      'E_NEWER_FORMAT',
      `${name} needs a newer Holdfast: it uses '${feature}'`,
      'update Holdfast, then try again',
    )
  return root
}

/** @throws E_DAMAGED. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw damaged('a part of the archive that should be JSON is not')
  }
}

/** First path of a page. */
export function firstPath(page: PageReference): BytePath {
  return typeof page[0] === 'string' ? pathFromText(page[0]) : pathFromBytes(Buffer.from(page[0].pb, 'base64'))
}
