import * as z from 'zod'
import { backupIdSchema, type Catalog, type CatalogEntry, catalogEntrySchema } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import { type DocumentAdapter, openDocument, type Reading } from './document.ts'

export interface CatalogAdapter extends DocumentAdapter {
  /**
   * CRC-32 of ISO 3309 (as in gzip) of the text's UTF-8 bytes, `before` being that of what comes before it. Handed in:
   * zlib's takes 0.2 ms where JavaScript takes 13.
   */
  crc32(text: string, before?: number): number
  /** Keeps the file as it is under another name, and gives that name; the next write replaces the one here. */
  setAside(): Promise<string>
  /** Another for each writing of the document; null where there is none. */
  version(): string | null
  /** Lets others have the thread for a moment: keys, clocks, signals. */
  turn(): Promise<void>
}

export type CatalogChange = (backups: readonly CatalogEntry[]) => readonly CatalogEntry[]

/** metadata.json: what a list shows of every backup. A cache of archives/, from which `holdfast rebuild` makes it anew. */
export interface CatalogStore {
  read(): Promise<Reading<Catalog>>
  /** Changes the list, which begins empty where there is no catalog. @throws E_CATALOG where it is damaged */
  update(change: CatalogChange): Promise<Catalog>
  /** The same where backups exist, so that there must be a catalog. @throws E_CATALOG where it is damaged or missing */
  updateExisting(change: CatalogChange): Promise<Catalog>
  /** Puts a rebuilt list in its place, whatever is there. Gives the name a damaged file was kept under, or null. */
  replace(backups: readonly CatalogEntry[]): Promise<string | null>
}

/** Eight hex digits over the JSON of the three. */
type Checksum = (v: unknown, gen: unknown, backups: unknown) => string

const rebuildHint = 'run: holdfast rebuild'

export interface CatalogForm {
  /**
   * What was read is given again, the same objects, as long as nobody has written: for a process that looks again and
   * again, and has no room for a second copy of a long history.
   */
  readonly remembers?: boolean
}

export function openCatalog(adapter: CatalogAdapter, { remembers = false }: CatalogForm = {}): CatalogStore {
  const checksum = (v: unknown, gen: unknown, backups: unknown) =>
    adapter.crc32(JSON.stringify({ v, gen, backups })).toString(16).padStart(8, '0')
  const parse = async (text: string) =>
    (await parseInPieces(text, adapter)) ?? verifyChecksum(JSON.parse(text), checksum)
  const document = openDocument(writtenCatalogSchema, adapter, { parse, format: JSON.stringify })

  async function update(change: CatalogChange, absent: 'begins-empty' | 'refuses'): Promise<Catalog> {
    return document.update((found) => {
      if (found.state === 'damaged') {
        throw new BackupError('E_CATALOG', `the catalog metadata.json is damaged: ${found.why}`, rebuildHint)
      }
      if (found.state === 'absent' && absent === 'refuses') {
        throw new BackupError('E_CATALOG', 'the catalog metadata.json is missing', rebuildHint)
      }
      return next(found, change, checksum)
    })
  }

  let latest: { readonly version: string; readonly reading: Reading<Catalog> } | null = null

  async function readIfWritten(): Promise<Reading<Catalog>> {
    const version = adapter.version()
    if (version !== null && latest?.version === version) return latest.reading
    latest = null
    const reading = await document.read()
    if (version !== null && version === adapter.version()) latest = { version, reading }
    return reading
  }

  return {
    read: remembers ? readIfWritten : document.read,
    update: (change) => update(change, 'begins-empty'),
    updateExisting: (change) => update(change, 'refuses'),
    async replace(backups) {
      let keptAs: string | null = null
      await document.update(async (found) => {
        if (found.state === 'damaged') keptAs = await adapter.setAside()
        return next(found, () => backups, checksum)
      })
      return keptAs
    },
  }
}

/** The catalog after a change: one generation on, keys of a later version kept. */
function next(found: Reading<Catalog>, change: CatalogChange, checksum: Checksum): Catalog {
  const before: Catalog = found.state === 'ok' ? found.value : { v: 1, gen: 0, backups: [], crc: '' }
  const backups = z.array(catalogEntrySchema).parse([...change(before.backups)])
  const gen = before.gen + 1
  return { ...before, gen, backups, crc: checksum(before.v, gen, backups) }
}

const head = /^\{"v":1,"gen":(\d{1,15}),"backups":\[/
const tail = /\],"crc":"([0-9a-f]{8})"\}$/
const tailLength = '],"crc":"01234567"}'.length
/** No string can hold it: a quote in one is written with a backslash. Where it is deeper inside, no piece is JSON. */
const between = '},{"id":"'
/** Some milliseconds' worth. */
const pieceLength = 256 * 1024

/**
 * The catalog from a text as `format` writes it: its checksum is taken of the text itself, and the thread is free
 * between two pieces. Null where the text is any other, or not whole: then only all of it at once tells what is wrong.
 */
async function parseInPieces(text: string, { crc32, turn }: CatalogAdapter): Promise<unknown> {
  const begin = head.exec(text.slice(0, 100))
  const end = tail.exec(text.slice(-tailLength))
  if (begin === null || end === null) return null
  const last = text.length - tailLength
  const backups: unknown[] = []
  let crc = crc32(begin[0])
  try {
    for (let from = begin[0].length; from < last; ) {
      const cut = last - from > pieceLength ? text.indexOf(between, from + pieceLength) : -1
      const to = cut < 0 ? last : cut + 1
      const piece = text.slice(from, to)
      for (const entry of JSON.parse(`[${piece}]`)) backups.push(entry)
      crc = crc32(to < last ? `${piece},` : piece, crc)
      from = to + 1
      if (from < last) await turn()
    }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
  if (crc32(']}', crc).toString(16).padStart(8, '0') !== end[1]) return null
  return { v: 1, gen: Number(begin[1]), backups, crc: end[1] }
}

/** Refuses what its own checksum does not cover: a torn file, a flipped bit, an edit by hand. */
function verifyChecksum(value: unknown, checksum: Checksum): unknown {
  if (typeof value !== 'object' || value === null) throw new Error('it is not an object')
  if (!('v' in value && 'gen' in value && 'backups' in value && 'crc' in value)) throw new Error('keys are missing')
  if (value.v !== 1) throw new Error(`it is of version ${String(value.v)}, which this Holdfast does not know`)
  if (value.crc !== checksum(value.v, value.gen, value.backups)) throw new Error('its checksum does not match')
  return value
}

/**
 * What a reader needs to be safe, by hand: the full schema takes some 15 ms for the first 1,000 backups a process
 * reads, and a list reads once. The checksum says that this program wrote the file, and it writes nothing that the
 * full schema refuses (`next`). Ids are checked all the same, for they become paths.
 */
const writtenCatalogSchema = z.custom<Catalog>(isWrittenCatalog, 'it is not a catalog')

function isWrittenCatalog(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('gen' in value && 'backups' in value)) return false
  return Number.isSafeInteger(value.gen) && Array.isArray(value.backups) && value.backups.every(isWrittenEntry)
}

function isWrittenEntry(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) return false
  if (!('id' in entry && 'type' in entry && 'createdAt' in entry && 'services' in entry && 'deps' in entry))
    return false
  return (
    backupIdSchema.safeParse(entry.id).success &&
    typeof entry.type === 'string' &&
    typeof entry.createdAt === 'string' &&
    Array.isArray(entry.services) &&
    Array.isArray(entry.deps)
  )
}
