import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, joinPath, pathToText } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { TocEntry } from '../../model/toc.ts'
import { splitXattrs } from '../archive/extended-attributes.ts'
import type { Lineage } from '../archive/lineage.ts'
import type { ArchivePlace } from '../archive/reader.ts'
import type { Secret } from '../keys/secrets.ts'
import { hashFile } from '../live-tree.ts'
import { differingAttributes } from '../plan/compare.ts'
import type { AccountNames } from '../platform/account-names.ts'
import { letGo } from '../platform/let-go.ts'
import type { Findings } from './finding.ts'

/**
 * The proof that needs none of our own code: the archive is restored into a scratch directory by the recovery script
 * that lies beside it, and what came out is compared with what the table of contents says went in.
 */
export interface TestRestoreOptions {
  readonly files: Files
  readonly names: AccountNames
  /** Holds recover.py and recover.mjs. */
  readonly kit: BytePath
  /** Empty directory, removed by the caller. */
  readonly scratch: BytePath
  readonly secret: Secret | null
  readonly signal: AbortSignal
  /** What a user other than root cannot have back. */
  readonly isRoot: boolean
  readonly nodePath: string
}

export async function testRestore(
  place: ArchivePlace,
  lineage: Lineage,
  findings: Findings,
  options: TestRestoreOptions,
): Promise<void> {
  // The script tells of an older archive that is missing too, but its last words are a count.
  for (const { i } of lineage.dependencies) findings.attempt(() => lineage.member(i))
  const target = joinPath(options.scratch, 'restored' as BytePath)
  const script = await runScript(place, target, options)
  if (script.exitCode !== 0 && script.exitCode !== 3) {
    findings.damage(`the recovery script ended with ${script.exitCode}: ${script.lastWords}`)
    return
  }
  for (const entry of lineage.entries()) {
    options.signal.throwIfAborted()
    for (const what of differences(target, entry, script.exactTimes, options))
      findings.damage(`restored otherwise than stored: ${what}`, entry.path)
  }
}

const rawKeyBytes = 32

interface ScriptEnd {
  readonly exitCode: number | undefined
  readonly lastWords: string
  /** Whether it can set times to the nanosecond. */
  readonly exactTimes: boolean
}

async function runScript(place: ArchivePlace, target: BytePath, options: TestRestoreOptions): Promise<ScriptEnd> {
  const { secret } = options
  const environment: Record<string, string> = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
  }
  // Never in argv, where every user can read it.
  const word = secret === null ? null : asWord(secret)
  if (word !== null) environment['BACKUP_ENCRYPTION_KEY'] = word
  const keyFile = secret?.kind === 'keyfile' && word === null ? openNameless(secret.bytes, options) : null
  try {
    return await callScript(target, text(place.path), environment, keyFile, options)
  } finally {
    if (keyFile !== null) letGo(options.files, keyFile)
  }
}

/** The secret as the environment can say it; null for a key file of another length than a raw key's. */
function asWord(secret: Secret): string | null {
  if (secret.kind === 'passphrase') return secret.text
  const bytes = secret.kind === 'raw' ? secret.key : secret.bytes
  return bytes.length === rawKeyBytes ? Buffer.from(bytes).toString('hex') : null
}

/** A key must not stay behind where the backups lie, whatever ends this process: its file loses its name at once. */
function openNameless(bytes: Uint8Array, { files, scratch }: TestRestoreOptions): number {
  const path = joinPath(scratch, 'key' as BytePath)
  const fd = files.open(path, 'create')
  try {
    files.removeFile(path)
    files.write(fd, bytes, null)
    return fd
  } catch (error) {
    letGo(files, fd)
    throw error
  }
}

async function callScript(
  target: BytePath,
  archive: string,
  environment: Record<string, string>,
  keyFile: number | null,
  options: TestRestoreOptions,
): Promise<ScriptEnd> {
  const { execa } = await import('execa')
  const { kit, signal } = options
  const python = await execa('python3', ['-c', ''], {
    reject: false,
    stdin: 'ignore',
    env: environment,
    extendEnv: false,
  })
  const attempt = async (exactTimes: boolean, program: string, script: string): Promise<ScriptEnd> => {
    const key = keyFile === null ? [] : ['--keyfile', '/proc/self/fd/0']
    const args = [text(joinPath(kit, script as BytePath)), archive, 'restore', text(target), ...key]
    const { exitCode, stderr, isCanceled } = await execa(program, args, {
      reject: false,
      stdin: (keyFile ?? 'ignore') as 'ignore', // any descriptor is taken; the types know those from 3 to 9
      stdout: 'ignore',
      env: environment,
      extendEnv: false,
      cancelSignal: signal,
      forceKillAfterDelay: 2000,
    })
    if (isCanceled) throw new BackupError('E_INTERRUPTED', 'the verification was interrupted', 'run it again')
    return { exitCode, lastWords: stderr.trim().split('\n').at(-1) ?? '', exactTimes }
  }
  if (!python.failed) {
    const end = await attempt(true, 'python3', 'recover.py')
    // What this machine's Python lacks (argon2id came with OpenSSL 3.2) is no damage of the archive.
    if (end.exitCode !== 1 && end.exitCode !== 2) return end
    options.files.removeTree(target)
  }
  return attempt(false, options.nodePath, 'recover.mjs')
}

function* differences(
  target: BytePath,
  entry: TocEntry,
  exactTimes: boolean,
  { files, names, isRoot }: TestRestoreOptions,
): Generator<string> {
  const path = joinPath(target, entry.path)
  const needsRoot = entry.type === 'char-device' || entry.type === 'block-device'
  if (needsRoot && !isRoot) return
  const status = files.status(path)
  if (status === undefined) {
    yield 'it is missing'
    return
  }
  const type = entry.type === 'hardlink' ? 'file' : entry.type
  if (status.type !== type) {
    yield `it is a ${status.type}, not a ${type}`
    return
  }
  if (entry.sha256 !== null && (status.sizeBytes !== entry.sizeBytes || hashFile(files, path) !== entry.sha256))
    yield 'its content'
  if (entry.type === 'symlink' && files.linkTarget(path) !== entry.linkTarget) yield 'its target'
  if (
    entry.type === 'hardlink' &&
    entry.linkTarget !== null &&
    files.status(joinPath(target, entry.linkTarget))?.inode !== status.inode
  )
    yield 'its link'
  const found: TocEntry = {
    ...entry,
    mode: status.mode,
    uid: isRoot ? status.uid : entry.uid,
    gid: isRoot ? status.gid : entry.gid,
    mtimeNs: sameTime(status.mtimeNs, entry.mtimeNs, exactTimes) ? entry.mtimeNs : status.mtimeNs,
    ...(isRoot ? splitXattrs(files.xattrs(path), names) : {}),
  }
  yield* differingAttributes(entry, found).map((name) => `its ${name}`)
}

/** Node cannot set times more exactly than a microsecond or so; the Python script can. */
function sameTime(a: bigint, b: bigint, exact: boolean): boolean {
  const apart = a > b ? a - b : b - a
  return apart <= (exact ? 0n : 2000n)
}

function text(path: BytePath): string {
  const known = pathToText(path)
  if (known === null)
    throw new BackupError(
      'E_UNSUPPORTED',
      `the path ${displayPath(path)} is not UTF-8`,
      'verify from a repository whose path is',
    )
  return known
}
