import type { Manifest, ManifestArchive, ManifestDetails } from '../../model/backup.ts'
import type { BrowsedService, BrowsePlace, Browser, ReadableCopy } from '../../model/browse.ts'
import { BackupError } from '../../model/errors.ts'
import { displayPath } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { Lineage } from '../archive/lineage.ts'
import { type Hold, holdBackup } from '../hold.ts'
import { detailsIfPossible, openNamed } from '../inspect.ts'
import { missingKeyHint } from '../keys/slots.ts'
import { Pace } from '../pace.ts'
import type { Session } from '../session.ts'
import { readChildren } from './children.ts'
import { copyToRead } from './copy-to-read.ts'
import { findEntries } from './find.ts'
import { readPreview } from './preview.ts'
import { TocIndex } from './toc-index.ts'

/** @throws E_KEY_MISSING, E_UNKNOWN_ID, E_UNKNOWN_SERVICE, E_DAMAGED, E_IO. */
export async function openBrowser(
  session: Session,
  { backup, services }: { readonly backup: string; readonly services: readonly string[] },
): Promise<Browser> {
  const { entry, keys, manifest, archives, open } = await openNamed(session, backup, services)
  const details = detailsIfPossible(manifest, keys)
  if (details === null)
    throw new BackupError(
      'E_KEY_MISSING',
      `${entry.id} is encrypted, and there is no key`,
      missingKeyHint(displayPath(session.keyFile)),
    )
  return new BackupBrowser(session, manifest, details, archives, open)
}

class BackupBrowser implements Browser {
  readonly manifest: Manifest
  readonly details: ManifestDetails
  readonly services: readonly BrowsedService[]
  readonly #session: Session
  /** Of the whole backup, for its archives are opened one by one. */
  readonly #hold: Hold
  readonly #archives: readonly ManifestArchive[]
  readonly #open: (archive: ManifestArchive) => Lineage
  readonly #indexes = new Map<string, TocIndex | BackupError>()
  readonly #copies = new Set<ReadableCopy>()
  #isClosed = false

  constructor(
    session: Session,
    manifest: Manifest,
    details: ManifestDetails,
    archives: readonly ManifestArchive[],
    open: (archive: ManifestArchive) => Lineage,
  ) {
    this.#session = session
    this.#hold = holdBackup(session.world.files, session.repository(), manifest.id)
    this.manifest = manifest
    this.details = details
    this.#archives = archives
    this.#open = open
    this.services = archives.map((archive) => describe(archive, details))
  }

  children: Browser['children'] = async (query) => {
    const pace = this.#pace(query.signal)
    return readChildren(this.#index(query.service), query, pace)
  }

  entry: Browser['entry'] = async (at) => this.#entryAt(at)

  countBelow: Browser['countBelow'] = async ({ service, path }) => {
    const index = this.#index(service)
    if (path === '') return index.entryCount
    const [first, past] = [index.atOrAfter(path), index.past(path)]
    if (first.isLost === true || past.isLost === true) return null
    const own = index.pathAt(first) === path ? 1 : 0
    return index.numberOf(past) - index.numberOf(first) - own
  }

  find: Browser['find'] = async (query, watch) => {
    const wanted = this.services.filter(({ name }) => query.services.length === 0 || query.services.includes(name))
    const indexes = wanted.map(({ name }) => ({ service: name, index: this.#index(name) }))
    return findEntries(indexes, query, watch, this.#pace(watch.signal))
  }

  preview: Browser['preview'] = async (at, mostBytes) =>
    readPreview(this.#index(at.service).lineage, this.#requireEntry(at), mostBytes)

  copyToRead: Browser['copyToRead'] = async (at, signal) => {
    const { lineage } = this.#index(at.service)
    const entry = this.#requireEntry(at)
    const made = await copyToRead(this.#session.world, this.manifest.id, lineage, entry, this.#pace(signal))
    const copy: ReadableCopy = {
      ...made,
      remove: () => {
        this.#copies.delete(copy)
        made.remove()
      },
    }
    this.#copies.add(copy)
    return copy
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const copy of [...this.#copies]) copy.remove()
    for (const index of this.#indexes.values()) if (index instanceof TocIndex) index.lineage.close()
    this.#indexes.clear()
    this.#hold.release()
  }

  #pace(signal: AbortSignal): Pace {
    return new Pace(this.#session.world.clock, () => signal.aborted || this.#isClosed)
  }

  /** The same answer for every call: a service that cannot be opened stays so until the backup is opened anew. */
  #index(service: string): TocIndex {
    if (this.#isClosed) throw new BackupError('E_INTERRUPTED', 'the backup was closed while something was read of it')
    let known = this.#indexes.get(service)
    if (known === undefined) {
      known = this.#openIndex(service)
      this.#indexes.set(service, known)
    }
    if (known instanceof BackupError) throw known
    return known
  }

  #openIndex(service: string): TocIndex | BackupError {
    const archive = this.#archives.find((one) => one.service === service)
    if (archive === undefined)
      return new BackupError('E_UNKNOWN_SERVICE', `the backup ${this.manifest.id} has no service '${service}'`)
    try {
      return new TocIndex(this.#open(archive))
    } catch (error) {
      if (error instanceof BackupError) return error
      throw error
    }
  }

  #requireEntry(at: BrowsePlace): TocEntry {
    const entry = this.#entryAt(at)
    if (entry !== null) return entry
    throw new BackupError('E_UNKNOWN_PATH', `the backup has no entry of its own for ${displayPath(at.path)}`)
  }

  #entryAt(at: BrowsePlace): TocEntry | null {
    const index = this.#index(at.service)
    const found = this.#entryLine(index, at)
    return found === null ? null : index.lineage.entryOf(found.line, found.ordinal)
  }

  /** @throws why the page cannot be read in which it would stand. */
  #entryLine(index: TocIndex, { path }: BrowsePlace): { readonly line: string; readonly ordinal: number } | null {
    const at = index.atOrAfter(path)
    if (at.page >= index.pageCount) return null
    const page = index.page(at.page)
    if (page instanceof BackupError) {
      if (at.isLost === true || index.firstOf(at.page) === path) throw page
      return null
    }
    return page.paths[at.line] === path ? { line: page.lines[at.line] as string, ordinal: page.ordinal } : null
  }
}

function describe({ service, size }: ManifestArchive, details: ManifestDetails): BrowsedService {
  const known = details.services.find(({ name }) => name === service)
  return {
    name: service,
    type: known?.type ?? '',
    paths: known?.paths ?? [],
    entries: known?.entries ?? 0,
    files: known?.files ?? 0,
    bytes: known?.bytes ?? 0,
    storedBytes: size,
  }
}
