import { BackupError } from '../../model/errors.ts'
import type { Progress } from '../../model/event.ts'
import type { Files } from '../../model/ports.ts'
import { decodeInOrder } from '../archive/decode-job.ts'
import { type Dependency, Lineage } from '../archive/lineage.ts'
import { type ArchivePlace, ArchiveReader } from '../archive/reader.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import type { Keys } from '../keys/slots.ts'
import { release } from '../platform/release.ts'
import { type FrameList, frameAt } from './content-place.ts'
import { ContentsTable } from './contents-table.ts'
import { damageIn, type Finding, Findings, type VerifyLevel } from './finding.ts'
import type { Proven } from './proven.ts'
import { checkReferences } from './references.ts'
import { checkOutside, type PromisedFile, scrub } from './scrub.ts'
import { TarMatch } from './tar-match.ts'

export interface VerifyOptions {
  readonly signal: AbortSignal
  /** Opens an older archive that the verified one builds on. */
  openOlder(older: Dependency): ArchiveReader
  /** What the run has found to be whole already. */
  readonly proven: Proven
  onProgress(progress: Progress): void
}

/**
 * What is wrong with one archive; empty where nothing is, as far as the level looks (`levelMeanings`). `scrub` needs no
 * keys. Damage is a finding and never thrown.
 *
 * @throws E_KEY_MISSING, E_KEY_WRONG, E_NEWER_FORMAT, E_INTERRUPTED; E_IO and the like where the machine fails.
 */
export async function verifyArchive(
  files: Files,
  pool: WorkerPool,
  place: ArchivePlace,
  promised: PromisedFile,
  keys: Keys,
  level: VerifyLevel,
  options: VerifyOptions,
): Promise<Finding[]> {
  const findings = new Findings(place.path)
  mustGoOn(options.signal)
  try {
    checkOutside(files, place, promised, findings)
    if (level === 'scrub') {
      await scrub(files, place, promised, findings, (doneBytes) => {
        mustGoOn(options.signal)
        options.onProgress({ doneBytes, totalBytes: promised.size, doneEntries: 0, totalEntries: null })
      })
      return findings.list()
    }
    const reader = findings.attempt(() => new ArchiveReader(files, place, keys))
    if (reader === null) return findings.list()
    const lineage = new Lineage(reader, options.openOlder)
    try {
      checkLocation(reader, place, findings)
      for (const { i } of lineage.dependencies) findings.attempt(() => lineage.member(i))
      const table = new ContentsTable(lineage, findings)
      if (level === 'quick') readTable(table, reader, options)
      else {
        // Both come to their end before the archive is closed, whatever becomes of one of them.
        const outcomes = await Promise.allSettled([
          scrub(files, place, promised, findings, () => mustGoOn(options.signal)),
          readAll(pool, lineage, table, findings, options),
        ])
        for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
        const partial = outcomes[1]?.status === 'fulfilled' && outcomes[1].value
        if (partial || lineage.dependencies.length > 0) await checkOlder(pool, lineage, findings, options, partial)
      }
    } finally {
      lineage.close()
    }
  } catch (error) {
    findings.damage(damageIn(error))
  }
  return findings.list()
}

function mustGoOn(signal: AbortSignal): void {
  if (signal.aborted)
    throw new BackupError('E_INTERRUPTED', 'the verification was interrupted', 'run it again', signal.reason)
}

/** Root and frames stand where the manifest and each other say, without a gap before the locator. */
function checkLocation(reader: ArchiveReader, place: ArchivePlace, findings: Findings): void {
  const { location, root } = reader
  const { offset, compressedBytes, inner, rootBytes } = place.root
  if (
    location.offset !== offset ||
    location.compressedBytes !== compressedBytes ||
    location.inner !== inner ||
    location.rootBytes !== rootBytes
  )
    findings.damage('the root does not lie where the manifest says')
  const isPlainFilter = !place.encrypted && (place.compression === 'xz' || place.compression === 'bzip2')
  if (isPlainFilter && offset + compressedBytes !== reader.stream.streamBytes)
    findings.damage('bytes follow the end of the archive')
  if (root.frames.at[0] + root.frames.at[1] !== location.offset)
    findings.damage('the list of frames does not end where the root begins')
}

function readTable(table: ContentsTable, reader: ArchiveReader, { signal, onProgress }: VerifyOptions): void {
  const totalEntries = reader.root.toc.n
  for (const _ of table.read()) {
    if (table.entries % 1024 !== 0) continue
    mustGoOn(signal)
    onProgress({ doneBytes: 0, totalBytes: null, doneEntries: table.entries, totalEntries })
  }
}

async function checkOlder(
  pool: WorkerPool,
  lineage: Lineage,
  findings: Findings,
  { signal, proven, onProgress }: VerifyOptions,
  withOwn: boolean,
): Promise<void> {
  let doneEntries = 0
  const onEntry = (): void => {
    doneEntries++
    mustGoOn(signal)
    if (doneEntries % 512 === 0)
      onProgress({ doneBytes: 0, totalBytes: null, doneEntries, totalEntries: lineage.top.root.toc.n })
  }
  await checkReferences(pool, lineage, findings, { run: `${lineage.top.root.id} references`, proven, withOwn, onEntry })
}

/** Resolves to whether content of the archive itself was left unchecked, for its members come in an order of their own. */
async function readAll(
  pool: WorkerPool,
  lineage: Lineage,
  table: ContentsTable,
  findings: Findings,
  { signal, proven, onProgress }: VerifyOptions,
): Promise<boolean> {
  const reader = lineage.top
  const frames = findings.attempt(() => reader.frames())
  if (frames === null) {
    findings.damage('the list of frames is needed to check the content, which was not checked')
    for (const _ of table.read());
    return false
  }
  checkPageFrames(reader, frames, findings)
  const match = new TarMatch(lineage, frames, table, findings, proven)
  const { rawOffsets } = frames
  const totalBytes = rawOffsets.at(-1) as number // frames() always has its closing pair
  for await (const run of decodeInOrder(pool, reader.access, frames)) {
    mustGoOn(signal)
    for (const [at, frame] of run.frames.entries()) {
      const start = rawOffsets[run.first + at] as number
      if (frame instanceof Uint8Array) {
        match.push(frame, start)
        release(frame)
      } else {
        findings.damage(`bytes ${start} to ${rawOffsets[run.first + at + 1]} of the tar are lost: ${frame.damage}`)
        match.lose(start, rawOffsets[run.first + at + 1] as number)
      }
    }
    const doneBytes = rawOffsets[run.first + run.frames.length] as number
    onProgress({ doneBytes, totalBytes, doneEntries: table.entries, totalEntries: reader.root.toc.n })
  }
  // frames.bin does not list its own frames, nor those of the root.
  let position = totalBytes
  for (const [offset, compressedBytes] of [
    reader.root.frames.at,
    [reader.location.offset, reader.location.compressedBytes],
  ] as const) {
    const raw = findings.attempt(() => reader.stream.decode(offset, compressedBytes))
    if (raw === null) return match.isPartial
    match.push(raw, position)
    position += raw.length
  }
  match.finish()
  return match.isPartial
}

/** A page is exactly one frame. */
function checkPageFrames(reader: ArchiveReader, frames: FrameList, findings: Findings): void {
  for (const [at, [, offset, compressedBytes, , , older]] of reader.root.toc.pages.entries()) {
    if (older !== undefined) continue
    const frame = frameAt(frames.offsets, offset)
    if (frame === null || frames.offsets[frame + 1] !== offset + compressedBytes)
      findings.damage(`page ${at} of the table of contents is not a frame of its own`)
  }
}
