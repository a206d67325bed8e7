import { isUtf8 } from 'node:buffer'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, pathFromBytes } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { readBytes } from './json-file.ts'

/**
 * Node makes text of arguments and variables, and U+FFFD of what is not UTF-8 in them. Such a path would be another
 * one, and such a passphrase one of many: both are refused before anything is made of them. The character itself may
 * stand in a name, so the kernel's own record decides.
 */

const replacement = '\ufffd'

/** @throws E_USAGE. */
export function refuseMangledArguments(files: Files, args: readonly string[]): void {
  if (!args.some((arg) => arg.includes(replacement))) return
  const bad = recordOf(files, '/proc/self/cmdline')?.find((bytes) => !isUtf8(bytes)) ?? null
  if (bad === null) return
  throw new BackupError(
    'E_USAGE',
    `the argument ${displayPath(pathFromBytes(bad))} is not UTF-8`,
    'give it in UTF-8; names below a directory that is given may be any bytes',
  )
}

/** The same for variables, of which these are looked at. Their values are never told. @throws E_USAGE. */
export function refuseMangledVariables(
  files: Files,
  environment: Readonly<Record<string, string | undefined>>,
  isRead: (name: string) => boolean,
): void {
  const doubtful = Object.keys(environment).filter((name) => isRead(name) && environment[name]?.includes(replacement))
  if (doubtful.length === 0) return
  const bad = (recordOf(files, '/proc/self/environ') ?? []).filter((bytes) => !isUtf8(bytes))
  const name = doubtful.find((one) => bad.some((bytes) => Buffer.from(bytes).indexOf(`${one}=`) === 0))
  if (name === undefined) return
  throw new BackupError('E_USAGE', `the variable ${name} is not UTF-8`, 'give it a value that is')
}

/** Entries of a record of the kernel's, each ended by NUL. */
function recordOf(files: Files, path: string): Uint8Array[] | null {
  let rest: Uint8Array | null
  try {
    rest = readBytes(files, path as BytePath) // ASCII
  } catch {
    return null
  }
  if (rest === null) return null
  const entries: Uint8Array[] = []
  for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
    entries.push(rest.subarray(0, end))
    rest = rest.subarray(end + 1)
  }
  return entries
}
