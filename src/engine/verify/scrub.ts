import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Files } from '../../model/ports.ts'
import { compareHeaderCopies, readHeader } from '../archive/header-region.ts'
import { type ArchivePlace, archiveBytes } from '../archive/reader.ts'
import { openArchiveFile } from '../archive/stream-reader.ts'
import { letGo } from '../platform/let-go.ts'
import type { Findings } from './finding.ts'

/** What the manifest promises about an archive's file. */
export interface PromisedFile {
  readonly size: number
  readonly payloadSha256: string
}

const readBytes = 4 << 20

/**
 * Without any key: the file has the length and, from the end of its header region on, the hash that the manifest
 * holds. `onRead` hears the bytes done so far and may throw to stop.
 */
export async function scrub(
  files: Files,
  place: ArchivePlace,
  promised: PromisedFile,
  findings: Findings,
  onRead: (doneBytes: number) => void,
): Promise<void> {
  const fd = findings.attempt(() => openArchiveFile(files, place.path))
  if (fd === null) return
  try {
    const archive = archiveBytes(files, fd, place.path)
    const start = place.encrypted ? findings.attempt(() => readHeader(archive).headerBytes) : 0
    if (start === null) return
    const sha256 = createHash('sha256')
    const buffer = Buffer.allocUnsafeSlow(readBytes)
    let position = start
    for (;;) {
      const got = findings.attempt(() => files.read(fd, buffer, 0, buffer.length, position))
      if (got === null) return
      if (got === 0) break
      sha256.update(buffer.subarray(0, got))
      position += got
      onRead(position)
      await nextTurn()
    }
    if (sha256.digest('hex') !== promised.payloadSha256)
      findings.damage('the archive fails the SHA-256 of its manifest')
  } finally {
    letGo(files, fd)
  }
}

/** Length of the file, and both copies of the header: what costs nothing and needs no key. */
export function checkOutside(files: Files, place: ArchivePlace, promised: PromisedFile, findings: Findings): void {
  const fd = findings.attempt(() => openArchiveFile(files, place.path))
  if (fd === null) return
  try {
    const archive = archiveBytes(files, fd, place.path)
    if (archive.fileBytes !== promised.size)
      findings.damage(`the archive is ${archive.fileBytes} bytes long, its manifest says ${promised.size}`)
    if (!place.encrypted) return
    for (const what of findings.attempt(() => compareHeaderCopies(archive)) ?? []) findings.warning(what)
  } finally {
    letGo(files, fd)
  }
}
