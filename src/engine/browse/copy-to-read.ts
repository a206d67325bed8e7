import { createHash } from 'node:crypto'
import { copyLimitBytes, type ReadableCopy } from '../../model/browse.ts'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, joinPath, nameOf, pathToText } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { TocEntry } from '../../model/toc.ts'
import { formatBytes } from '../../model/units.ts'
import { readContent } from '../archive/content.ts'
import type { Lineage } from '../archive/lineage.ts'
import type { Pace } from '../pace.ts'
import { explainIo } from '../platform/explain-io.ts'
import { letGo } from '../platform/let-go.ts'
import type { World } from '../repository.ts'
import { mismatch, requireFile } from './preview.ts'
import { EscapedText, FormDecision, hexDump, type ReadingForm } from './reading-form.ts'

/** Of a file that is no text, so much is dumped. */
const dumpedBytes = 1024 * 1024
const prefix = 'holdfast-read-'
/** A directory that was only just made may not be locked yet. */
const settledMs = 60_000

/**
 * A file's content for a pager, proven against its hash before any of it is written: 0600, in a directory of its own
 * that only its owner may enter. The directory is locked while this process lives; what a killed one left behind is
 * swept by the next copy.
 *
 * @throws E_USAGE where it is too large; E_UNKNOWN_PATH for what is no file; E_DAMAGED, E_IO, E_NO_SPACE, E_INTERRUPTED.
 */
export async function copyToRead(
  world: World,
  backup: string,
  lineage: Lineage,
  entry: TocEntry,
  pace: Pace,
): Promise<ReadableCopy> {
  requireFile(entry)
  if (entry.sizeBytes > copyLimitBytes)
    throw new BackupError(
      'E_USAGE',
      `${displayPath(entry.path)} has ${formatBytes(entry.sizeBytes)}: more than the ${formatBytes(copyLimitBytes)} a pager is given here`,
      `restore it, or read it with: holdfast cat ${backup} PATH | less`,
    )
  const { form, isUtf8 } = await prove(lineage, entry, pace)
  const place = makePlace(world)
  try {
    const file = joinPath(place.path, fileNameOf(entry.path))
    const shownBytes = form === 'hex' ? Math.min(dumpedBytes, entry.sizeBytes) : entry.sizeBytes
    await write(world.files, file, rendered(lineage, entry, form, isUtf8), pace)
    return { file: pathToText(file) ?? file, form, shownBytes, remove: place.remove }
  } catch (error) {
    place.remove()
    throw error
  }
}

async function prove(lineage: Lineage, entry: TocEntry, pace: Pace): Promise<{ form: ReadingForm; isUtf8: boolean }> {
  const sha256 = createHash('sha256')
  const decision = new FormDecision()
  for (const piece of readContent(lineage, entry)) {
    sha256.update(piece)
    decision.take(piece)
    if (pace.isDue) await pace.turn()
  }
  if (sha256.digest('hex') !== entry.sha256) throw mismatch(entry)
  const form = decision.end()
  return { form, isUtf8: decision.isUtf8 }
}

function* rendered(lineage: Lineage, entry: TocEntry, form: ReadingForm, isUtf8: boolean): Generator<Uint8Array> {
  const escaped = new EscapedText(isUtf8)
  let done = 0
  for (const piece of readContent(lineage, entry)) {
    if (form === 'text') yield piece
    else if (form === 'escaped') yield Buffer.from(escaped.take(piece))
    else {
      const part = piece.subarray(0, dumpedBytes - done)
      yield Buffer.from(hexDump(part, done))
      done += part.length
      if (done === dumpedBytes) break
    }
  }
  if (form === 'escaped') yield Buffer.from(escaped.end())
}

async function write(files: Files, path: BytePath, pieces: Iterable<Uint8Array>, pace: Pace): Promise<void> {
  let fd: number | null = null
  try {
    fd = files.open(path, 'create')
    for (const piece of pieces) {
      files.write(fd, piece, null)
      if (pace.isDue) await pace.turn()
    }
  } catch (error) {
    throw explainIo(error, 'write', path)
  } finally {
    if (fd !== null) files.close(fd)
  }
}

interface OwnPlace {
  readonly path: BytePath
  remove(): void
}

function makePlace({ files, temporary, random, clock, uid }: World): OwnPlace {
  sweep(files, temporary, clock.now(), uid)
  const path = joinPath(temporary, `${prefix}${Buffer.from(random.bytes(8)).toString('hex')}` as BytePath)
  let lock: number | null = null
  try {
    files.makeDirectory(path, 0o700)
    lock = files.open(joinPath(path, lockName), 'lock')
    files.tryLock(lock)
  } catch (error) {
    throw explainIo(error, 'make a place for what is to be read', path)
  }
  return {
    path,
    remove() {
      if (lock === null) return
      files.removeTree(path)
      letGo(files, lock)
      lock = null
    },
  }
}

const lockName = 'lock' as BytePath

/** Removes what processes left that were killed. What cannot be looked at is left alone. */
function sweep(files: Files, temporary: BytePath, now: number, uid: number): void {
  for (const name of namesIn(files, temporary)) {
    if (!name.startsWith(prefix)) continue
    const path = joinPath(temporary, name)
    try {
      const status = files.status(path)
      if (status?.type !== 'directory' || status.uid !== uid || now - Number(status.mtimeNs / 1_000_000n) < settledMs)
        continue
      const lock = files.open(joinPath(path, lockName), 'lock')
      try {
        if (files.tryLock(lock)) files.removeTree(path)
      } finally {
        letGo(files, lock)
      }
    } catch {
      // Somebody else's, or just removed.
    }
  }
}

function namesIn(files: Files, path: BytePath): readonly BytePath[] {
  try {
    return files.names(path)
  } catch {
    return []
  }
}

/** What a pager shows as its title; its end keeps preprocessors of pagers from taking the content for an archive. */
function fileNameOf(path: BytePath): BytePath {
  const name = nameOf(path)
    .replace(/[^\w.-]/g, '_')
    .replace(/^[.-]+/, '')
  return `${name.slice(-80) || 'file'}.txt` as BytePath // ASCII
}
