import { hash } from 'node:crypto'
import * as z from 'zod'
import { type BytePath, joinPath, parentOf, pathFromJson } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { jsonPathSchema, type PlanHeader } from '../../model/restore-plan.ts'
import { readText } from '../platform/json-file.ts'
import { letGo } from '../platform/let-go.ts'
import { OpenDirectories } from './open-directories.ts'
import { spoolLines } from './spool.ts'
import { decodeStep, peekStep } from './step-line.ts'
import { openPlaces } from './target.ts'

/**
 * What a restore that was killed left in its target: files under temporary names. Beside its plan it notes where it
 * writes; whoever sweeps what it left in the repository takes away its temporary files too.
 */

const planName = 'plan' as BytePath

const noteSchema = z.object({
  prefix: z.string().regex(/^\.hf-[0-9a-f]{12}$/),
  places: z.array(z.object({ prefix: jsonPathSchema, base: jsonPathSchema })),
})

/** Where in a run's scratch directory its plan is spooled. */
export function spoolPathIn(scratch: BytePath): BytePath {
  return joinPath(scratch, planName)
}

function notePath(spoolPath: BytePath): BytePath {
  return `${spoolPath}.target` as BytePath
}

/** What the temporary names of a restore begin with; no other restore's do. */
export function temporaryPrefix(plan: string): string {
  return `.hf-${hash('sha256', plan).slice(0, 12)}`
}

/** Notes where a restore is about to write. @throws E_IO and the like of the disk. */
export function noteTarget(files: Files, spoolPath: BytePath, { id, places }: PlanHeader): void {
  const fd = files.open(notePath(spoolPath), 'create')
  try {
    files.write(fd, Buffer.from(JSON.stringify({ prefix: temporaryPrefix(id), places })), null)
  } finally {
    letGo(files, fd)
  }
}

/** Takes away what the restore whose steps these are has left in its target under temporary names. Never throws. */
export function removeLeftovers(files: Files, spoolPath: BytePath): void {
  try {
    const text = readText(files, notePath(spoolPath))
    if (text === null) return
    const note = noteSchema.parse(JSON.parse(text))
    const places = note.places.map(({ prefix, base }) => ({ prefix: pathFromJson(prefix), base: pathFromJson(base) }))
    const open = openPlaces(files, places)
    const directories = new OpenDirectories(files, open)
    try {
      for (const directory of writtenDirectories(files, spoolPath))
        removeFrom(files, directories, directory, note.prefix)
    } finally {
      directories.close()
      for (const { fd } of open) letGo(files, fd)
    }
  } catch {
    // A torn note, a plan cut short, a target that is gone: what could be told has been taken away.
  }
}

function* writtenDirectories(files: Files, spoolPath: BytePath): Generator<BytePath> {
  let last: BytePath | null = null
  for (const batch of spoolLines(files, spoolPath)) {
    for (const line of batch) {
      const { kind } = peekStep(line)
      if (kind === 'refuse' || kind === 'keep' || kind === 'unchanged' || kind === 'remove') continue
      const { path, fresh } = decodeStep(line.toString('utf8'))
      const directory = parentOf(path)
      if (directory !== last) yield directory
      last = directory
      if ((kind === 'make-directory' || kind === 'make-parent') && !fresh) yield path // its case was probed
    }
  }
}

function removeFrom(files: Files, directories: OpenDirectories, directory: BytePath, prefix: string): void {
  try {
    const fd = directories.open(directory)
    for (const name of files.names(files.childOf(fd, '.' as BytePath)))
      if (name.startsWith(prefix)) removeOne(files, files.childOf(fd, name))
  } catch {
    // It was never made, is somebody else's, or may not be written by this user.
  }
}

function removeOne(files: Files, path: BytePath): void {
  if (files.status(path)?.type === 'directory') files.removeDirectory(path)
  else files.removeFile(path)
}
