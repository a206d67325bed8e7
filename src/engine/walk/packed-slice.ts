import type { BytePath } from '../../model/path.ts'
import type { EntryType, SourceEntry } from '../../model/source.ts'
import { typeLetters, typeOfLetter } from '../archive/type-letters.ts'

/**
 * Entries on their way between threads. A copy of 512 objects with big integers costs as much as the file system took
 * to tell of them; a few flat arrays cost next to nothing.
 */
export interface PackedSlice {
  readonly count: number
  /** Stored paths, each ended by NUL, which none contains. */
  readonly paths: Uint8Array<ArrayBuffer>
  /** One letter for each entry. */
  readonly types: string
  /** Eight for each entry: mode, uid, gid, size, allocated, major, minor, links. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** Two for each entry: mtime and ctime. */
  readonly times: BigInt64Array<ArrayBuffer>
  /** Two for each entry: inode and device. */
  readonly places: BigUint64Array<ArrayBuffer>
  /** By index, what hard links refer to. */
  readonly links: ReadonlyMap<number, BytePath>
}

/** Only entries that lie on disk, at `/` and their stored path, can be packed. */
export function packSlice(entries: readonly SourceEntry[]): PackedSlice {
  const count = entries.length
  const numbers = new Float64Array(count * 8)
  const times = new BigInt64Array(count * 2)
  const places = new BigUint64Array(count * 2)
  const links = new Map<number, BytePath>()
  const paths: BytePath[] = []
  let types = ''
  for (const [index, { path, type, attributes, linkTarget }] of entries.entries()) {
    paths.push(path)
    types += typeLetters[type]
    numbers[index * 8] = attributes.mode
    numbers[index * 8 + 1] = attributes.uid
    numbers[index * 8 + 2] = attributes.gid
    numbers[index * 8 + 3] = attributes.sizeBytes
    numbers[index * 8 + 4] = attributes.allocatedBytes
    numbers[index * 8 + 5] = attributes.deviceNumber?.major ?? 0
    numbers[index * 8 + 6] = attributes.deviceNumber?.minor ?? 0
    numbers[index * 8 + 7] = attributes.links
    times[index * 2] = attributes.mtimeNs
    times[index * 2 + 1] = attributes.ctimeNs
    places[index * 2] = attributes.inode
    places[index * 2 + 1] = attributes.device
    if (linkTarget !== null) links.set(index, linkTarget)
  }
  return { count, paths: joined(paths), types, numbers, times, places, links }
}

/** Buffers that move instead of being copied. */
export function buffersOf({ paths, numbers, times, places }: PackedSlice): ArrayBuffer[] {
  return [paths.buffer, numbers.buffer, times.buffer, places.buffer]
}

function joined(paths: readonly BytePath[]): Uint8Array<ArrayBuffer> {
  const text = `${paths.join('\0')}\0`
  const bytes = new Uint8Array(text.length)
  Buffer.from(bytes.buffer).write(text, 'latin1')
  return bytes
}

export function unpackSlice({ count, paths, types, numbers, times, places, links }: PackedSlice): SourceEntry[] {
  const entries: SourceEntry[] = new Array(count)
  const text = Buffer.from(paths.buffer).toString('latin1')
  let at = 0
  for (let index = 0; index < count; index++) {
    const end = text.indexOf('\0', at)
    const path = text.slice(at, end) as BytePath
    at = end + 1
    const number = index * 8
    const pair = index * 2
    // Every index below is within what packSlice filled.
    entries[index] = {
      path,
      type: typeOfLetter.get(types[index] as string) as EntryType,
      attributes: {
        mode: numbers[number] as number,
        uid: numbers[number + 1] as number,
        gid: numbers[number + 2] as number,
        sizeBytes: numbers[number + 3] as number,
        allocatedBytes: numbers[number + 4] as number,
        deviceNumber: { major: numbers[number + 5] as number, minor: numbers[number + 6] as number },
        links: numbers[number + 7] as number,
        mtimeNs: times[pair] as bigint,
        ctimeNs: times[pair + 1] as bigint,
        inode: places[pair] as bigint,
        device: places[pair + 1] as bigint,
      },
      linkTarget: links.get(index) ?? null,
      content: { kind: 'disk', path: `/${path}` as BytePath },
    }
  }
  return entries
}
