import { type DrillRecord, drillRecordSchema, type Proof } from '../../model/drill.ts'
import { BackupError } from '../../model/errors.ts'
import type { Files } from '../../model/ports.ts'
import { proofOf } from '../plan/drill-alerts.ts'
import { explainIo } from '../platform/explain-io.ts'
import { readText, syncDirectory } from '../platform/json-file.ts'
import { letGo } from '../platform/let-go.ts'
import type { Repository } from '../repository.ts'

/** `drills.ndjson`: what was proven, when, and how long it took; one JSON object a line, oldest first. */

const lineFeed = 10

/**
 * Adds a line and waits until it is on disk. One that a dead writer left torn is ended first, so that it spoils no other.
 *
 * @throws E_NO_SPACE, E_IO.
 */
export async function noteDrill(files: Files, repository: Repository, record: DrillRecord): Promise<void> {
  const path = repository.drills
  try {
    const isTorn = endsTorn(files, repository)
    const fd = files.open(path, 'append')
    try {
      files.write(fd, Buffer.from(`${isTorn ? '\n' : ''}${JSON.stringify(record)}\n`), null)
      await files.sync(fd)
    } finally {
      letGo(files, fd)
    }
    await syncDirectory(files, repository.root)
  } catch (error) {
    throw explainIo(error, 'write', path)
  }
}

/** Newest last. Lines that are torn or of another version are passed over. @throws E_IO. */
export function readDrills(files: Files, repository: Repository): DrillRecord[] {
  const records: DrillRecord[] = []
  for (const line of (readText(files, repository.drills) ?? '').split('\n')) {
    const record = parseRecord(line)
    if (record !== null) records.push(record)
  }
  return records
}

/** The same for whoever can do without: where it cannot be read, there are none, and `problem` says why. */
export function knownDrills(
  files: Files,
  repository: Repository,
): { readonly drills: readonly DrillRecord[]; readonly problem: string | null } {
  try {
    return { drills: readDrills(files, repository), problem: null }
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    return { drills: [], problem: `the drills are not known: ${error.message}` }
  }
}

/** By backup, what its newest drill said. */
export function proofsOf(records: readonly DrillRecord[]): Map<string, Proof> {
  return new Map(records.map((record) => [record.id, proofOf(record)]))
}

function parseRecord(line: string): DrillRecord | null {
  if (line === '') return null
  try {
    return drillRecordSchema.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}

function endsTorn(files: Files, { drills }: Repository): boolean {
  const sizeBytes = files.statusFollowing(drills)?.sizeBytes ?? 0
  if (sizeBytes === 0) return false
  const fd = files.open(drills, 'read')
  try {
    const last = new Uint8Array(1)
    files.read(fd, last, 0, 1, sizeBytes - 1)
    return last[0] !== lineFeed
  } finally {
    letGo(files, fd)
  }
}
