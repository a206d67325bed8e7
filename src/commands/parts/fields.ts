import type { CatalogEntry } from '../../model/backup.ts'
import type { Proof } from '../../model/drill.ts'
import { type BytePath, displayPath, pathToBytes, pathToText } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'

/** Nouns of the model as the JSON of --json has them: camelCase, bytes, ISO 8601 UTC. */

/** The path as text; where it is not UTF-8 the form for people, and `pathB64` with the bytes. */
export function pathFields(path: BytePath): { path: string; pathB64?: string } {
  const text = pathToText(path)
  if (text !== null) return { path: text }
  return { path: displayPath(path), pathB64: Buffer.from(pathToBytes(path)).toString('base64') }
}

/** `drilled` is what its newest drill said; left out where nobody looked. */
export function backupFields(entry: CatalogEntry, drilled?: Proof | null): object {
  const { id, type, createdAt, description, services, base, sizeBytes, reusedBytes, files } = entry
  const { encrypted, pinned, verified, deps, warnings, durationMs, bytes } = entry
  const known = { id, type, createdAt, description, services, base, sizeBytes, reusedBytes, files, encrypted, pinned }
  const legalHold = entry.legalHold ?? null
  return {
    ...known,
    legalHold,
    verified,
    deps,
    bytes,
    warnings,
    durationMs,
    ...(entry.expiringSince == null ? {} : { expiringSince: entry.expiringSince }),
    ...(drilled === undefined ? {} : { drilled: drilled === null ? null : proofFields(drilled) }),
    ...(entry.missing ? { missing: true } : {}),
  }
}

/** Without the id of the backup it stands in. */
function proofFields({ at, ok, rtoMs, level }: Proof): object {
  return { at, ok, rtoMs, level }
}

export function entryFields(service: string, entry: TocEntry): object {
  const { type, sizeBytes, mode, uid, gid, userName, groupName, mtimeNs, sha256, linkTarget } = entry
  return {
    kind: 'entry',
    service,
    ...pathFields(entry.path),
    type,
    sizeBytes,
    mode,
    uid,
    gid,
    userName,
    groupName,
    mtime: isoTime(mtimeNs),
    sha256,
    ...linkFields(linkTarget),
    ...(entry.torn ? { torn: true } : {}),
  }
}

function linkFields(target: BytePath | null): object {
  if (target === null) return { linkTarget: null }
  const { path, pathB64 } = pathFields(target)
  return pathB64 === undefined ? { linkTarget: path } : { linkTarget: path, linkTargetB64: pathB64 }
}

/** ISO 8601 UTC with the nanoseconds a file system keeps; plain nanoseconds beyond the years a Date knows. */
export function isoTime(ns: bigint): string {
  const seconds = ns >= 0n ? ns / 1_000_000_000n : (ns - 999_999_999n) / 1_000_000_000n
  const date = new Date(Number(seconds) * 1000)
  if (Number.isNaN(date.getTime())) return `${ns}ns`
  const fraction = String(ns - seconds * 1_000_000_000n).padStart(9, '0')
  return `${date.toISOString().slice(0, -5)}.${fraction}Z`
}
