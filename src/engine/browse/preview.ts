import { hash } from 'node:crypto'
import type { Preview, PreviewProof } from '../../model/browse.ts'
import { BackupError, damaged } from '../../model/errors.ts'
import type { Chunk, Extent } from '../../model/format.ts'
import { displayPath } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import { type ContentSource, readContent } from '../archive/content.ts'
import { holdersOf } from '../archive/holders.ts'
import type { Lineage } from '../archive/lineage.ts'

/** A file of one piece is read whole to give its beginning, and then it is hashed too, unless holes make it larger than this. */
const wholeBytes = 32 * 1024 * 1024

/**
 * The beginning of a file. Nothing is handed out that fails a hash it could be held against; what could not be, the
 * proof says.
 *
 * @throws E_UNKNOWN_PATH for what is no file; E_DAMAGED; what opening an older archive throws.
 */
export function readPreview(lineage: Lineage, entry: TocEntry, mostBytes: number): Preview {
  requireFile(entry)
  const { content, sizeBytes } = entry
  const pieces = content.kind === 'chunks' ? new CheckedChunks(lineage, content.chunks, entry) : null
  const isWhole = sizeBytes <= mostBytes || (content.kind === 'extent' && sizeBytes <= wholeBytes)
  const bytes = beginning(pieces ?? lineage, entry, isWhole ? sizeBytes : mostBytes)
  if (isWhole && hash('sha256', bytes) !== entry.sha256) throw mismatch(entry)
  const proof = isWhole ? 'file' : pieces?.isProven === true ? 'pieces' : sealOf(lineage, entry)
  return { bytes: new Uint8Array(bytes.subarray(0, mostBytes)), sizeBytes, proof }
}

/** @throws E_UNKNOWN_PATH. */
export function requireFile({ path, type, sha256 }: TocEntry): void {
  if (sha256 !== null) return
  throw new BackupError('E_UNKNOWN_PATH', `${displayPath(path)} is a ${type}, not a file`, 'only files have content')
}

export function mismatch({ path }: TocEntry): BackupError {
  return damaged(`${displayPath(path)} does not match its hash`, 'try an older backup')
}

function beginning(source: ContentSource, entry: TocEntry, mostBytes: number): Uint8Array {
  const bytes = Buffer.alloc(mostBytes)
  let filled = 0
  for (const piece of readContent(source, entry)) {
    const part = piece.subarray(0, mostBytes - filled)
    bytes.set(part, filled)
    filled += part.length
    if (filled === mostBytes) break
  }
  if (filled < mostBytes) throw damaged(`${displayPath(entry.path)} ends before its size`, 'try an older backup')
  return bytes
}

/** The chunks of one file, each held against its hash when it is read. */
class CheckedChunks implements ContentSource {
  #allHashed = true
  readonly #lineage: Lineage
  readonly #chunks: readonly Chunk[]
  readonly #entry: TocEntry
  /** They are read in their order. */
  #next = 0

  constructor(lineage: Lineage, chunks: readonly Chunk[], entry: TocEntry) {
    this.#lineage = lineage
    this.#chunks = chunks
    this.#entry = entry
  }

  /** Something was read, and all of it has a hash of its own: a hole has none. */
  get isProven(): boolean {
    return this.#next > 0 && this.#allHashed
  }

  member(ordinal: number): ReturnType<ContentSource['member']> {
    const { stream } = this.#lineage.member(ordinal)
    return {
      stream: {
        extent: (extent: Extent, length: number): Uint8Array => {
          const bytes = stream.extent(extent, length)
          const sha256 = this.#chunks[this.#next++]?.sha256 ?? null
          if (sha256 === null) this.#allHashed = false
          else if (hash('sha256', bytes) !== sha256) throw mismatch(this.#entry)
          return bytes
        },
      },
    }
  }
}

/** Where its entry and every part of it lie in encrypted archives, nobody without the key has written it. */
function sealOf(lineage: Lineage, entry: TocEntry): PreviewProof {
  const isSealed = [lineage.ordinal, ...holdersOf(entry)].every((holder) => lineage.member(holder).pub !== null)
  return isSealed ? 'sealed' : 'none'
}
