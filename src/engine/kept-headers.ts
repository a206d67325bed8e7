import { type BytePath, joinPath } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { explainIo } from './platform/explain-io.ts'
import { writeNew } from './platform/json-file.ts'
import type { Repository } from './repository.ts'

/**
 * Keeps copies of archives' headers, by archive id, outside the archives: a second chance when both of an archive's
 * own are lost. A backup without them is whole, so that a failure is only warned of.
 */
export async function keepHeaders(
  files: Files,
  { headers: directory }: Repository,
  headers: ReadonlyMap<string, Uint8Array>,
  warn: (what: string) => void,
): Promise<void> {
  try {
    if (files.status(directory) === undefined) files.makeDirectory(directory, 0o700)
    for (const [archiveId, header] of headers) await writeNew(files, joinPath(directory, archiveId as BytePath), header)
  } catch (error) {
    warn(`no copy of the headers was kept: ${explainIo(error, 'write', directory).message}`)
  }
}
