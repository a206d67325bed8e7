import * as z from 'zod'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, joinPath, nameOf, pathFromBytes, pathToBytes } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { explainIo } from '../platform/explain-io.ts'
import { readText } from '../platform/json-file.ts'

/**
 * Where a drill restores to: a directory of its own, 0700. One that lies outside the run's workspace is noted in it, so
 * that whoever sweeps what a killed run left takes that away too.
 */
const noteName = 'drill-place' as BytePath
const noteSchema = z.object({ pb: z.base64() })

/** The name says whose it is, and the sweep removes nothing of another name. */
function placeName(run: BytePath): BytePath {
  return `holdfast-${run}` as BytePath
}

export function placeIn(directory: BytePath, run: string): BytePath {
  return joinPath(directory, placeName(run as BytePath))
}

/** Notes a place before it is made, and makes it. @throws E_TARGET where something is there already; E_IO. */
export function makePlace(files: Files, workspace: BytePath, place: BytePath): void {
  if (files.status(place) !== undefined)
    throw new BackupError('E_TARGET', `${displayPath(place)} exists already`, 'name another directory with --scratch')
  try {
    const fd = files.open(joinPath(workspace, noteName), 'append')
    try {
      files.truncate(fd, 0)
      files.write(fd, Buffer.from(JSON.stringify({ pb: Buffer.from(pathToBytes(place)).toString('base64') })), null)
    } finally {
      files.close(fd)
    }
    files.makeDirectory(place, 0o700)
  } catch (error) {
    throw explainIo(error, 'make', place)
  }
}

/** The place was handed over to a person, or is gone: nobody sweeps it. */
export function forgetPlace(files: Files, workspace: BytePath): void {
  files.removeFile(joinPath(workspace, noteName))
}

/** Takes away what the drill restored whose workspace this is; the drill is dead. Never throws. */
export function sweepPlace(files: Files, workspace: BytePath): void {
  try {
    const text = readText(files, joinPath(workspace, noteName))
    if (text === null) return
    const { pb } = noteSchema.parse(JSON.parse(text))
    const place = pathFromBytes(Buffer.from(pb, 'base64'))
    if (nameOf(place) === placeName(nameOf(workspace)) && place.startsWith('/')) files.removeTree(place)
  } catch {
    // A torn note, or a place that is gone or somebody else's.
  }
}
