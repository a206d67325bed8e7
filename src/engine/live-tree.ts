import { createHash } from 'node:crypto'
import type { Root } from '../model/archive.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, comparePaths, pathFromBytes, pathFromText } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import type { SourceContext, SourceEntry } from '../model/source.ts'
import type { TocEntry } from '../model/toc.ts'
import { splitXattrs } from './archive/extended-attributes.ts'
import { describe } from './archive/large-file.ts'
import type { Pace } from './pace.ts'
import type { AccountNames } from './platform/account-names.ts'
import { letGo } from './platform/let-go.ts'
import { readFully } from './platform/read-fully.ts'
import { type FilesSettings, filesSource } from './sources/files.ts'

/**
 * The disk as it is now, seen like a table of contents: walked with the same paths and excludes as the backup. A file
 * whose size and times are the backup's own is taken to be the same; any other is read and hashed.
 */
export async function* liveEntries(
  files: Files,
  names: AccountNames,
  source: Root['source'],
  repository: FilesSettings['repository'],
  context: SourceContext,
  stored: (path: BytePath) => TocEntry | undefined,
  pace: Pace,
): AsyncGenerator<TocEntry> {
  const paths = source.paths.map((path) =>
    typeof path === 'string'
      ? pathFromText(`/${path}`)
      : (`/${pathFromBytes(Buffer.from(path.pb, 'base64'))}` as BytePath),
  )
  const walk = filesSource(files, {
    paths,
    exclude: source.exclude ?? [],
    excludeCaches: source.excludeCaches ?? false,
    oneFileSystem: source.oneFileSystem ?? false,
    repository,
  })
  for await (const slice of walk.scan(context)) {
    for (const entry of slice) {
      const live = await liveEntry(files, names, entry, stored(entry.path), context, pace)
      if (live !== null) yield live
    }
  }
}

async function liveEntry(
  files: Files,
  names: AccountNames,
  entry: SourceEntry,
  known: TocEntry | undefined,
  context: SourceContext,
  pace: Pace,
): Promise<TocEntry | null> {
  if (pace.isDue) await pace.turn()
  const disk = `/${entry.path}` as BytePath
  try {
    const { attributes, type } = entry
    const isDevice = type === 'char-device' || type === 'block-device'
    const common = {
      ...describe(entry, attributes, names),
      // As an archive has them: a disk gives directories a size and a device number too.
      sizeBytes: 0,
      deviceNumber: isDevice ? attributes.deviceNumber : null,
      ...splitXattrs(files.xattrs(disk), names),
      content: { kind: 'none' } as const,
      sparse: null,
      torn: false,
    }
    if (entry.type === 'symlink') return { ...common, linkTarget: files.linkTarget(disk), sha256: null }
    if (entry.type !== 'file' && entry.type !== 'hardlink') return { ...common, sha256: null }
    const status = files.status(disk)
    if (status === undefined) return null
    const sizeBytes = status.sizeBytes
    const same =
      known?.sha256 != null &&
      known.sizeBytes === sizeBytes &&
      known.mtimeNs === status.mtimeNs &&
      known.ctimeNs === status.ctimeNs &&
      known.inode === status.inode
    return { ...common, sizeBytes, sha256: same ? known.sha256 : await hashInTurns(files, disk, pace) }
  } catch (error) {
    if (error instanceof BackupError && error.code === 'E_INTERRUPTED') throw error
    context.warn({ path: entry.path, what: `not readable: ${(error as NodeJS.ErrnoException).code ?? 'error'}` })
    return known ?? null
  }
}

/** SHA-256 of a file on disk, lower-case hex. */
export function hashFile(files: Files, path: BytePath): string {
  const hash = createHash('sha256')
  for (const block of blocksOf(files, path)) hash.update(block)
  return hash.digest('hex')
}

async function hashInTurns(files: Files, path: BytePath, pace: Pace): Promise<string> {
  const hash = createHash('sha256')
  for (const block of blocksOf(files, path)) {
    hash.update(block)
    if (pace.isDue) await pace.turn()
  }
  return hash.digest('hex')
}

/** Each block is overwritten by the next. */
function* blocksOf(files: Files, path: BytePath): Generator<Uint8Array> {
  const fd = files.open(path, 'read')
  try {
    const buffer = Buffer.allocUnsafe(1 << 20)
    for (let position = 0; ; ) {
      const got = readFully(files, fd, buffer, position)
      yield buffer.subarray(0, got)
      position += got
      if (got < buffer.length) return
    }
  } finally {
    letGo(files, fd)
  }
}

/** Steps through sorted entries in the same direction as its questions come. */
export function following(entries: Iterator<TocEntry>): (path: BytePath) => TocEntry | undefined {
  let at = entries.next()
  return (path) => {
    while (at.done !== true && comparePaths(at.value.path, path) < 0) at = entries.next()
    return at.done !== true && at.value.path === path ? at.value : undefined
  }
}
