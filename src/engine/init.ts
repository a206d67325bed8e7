import { createHash } from 'node:crypto'
import { commentedConfiguration } from '../model/configuration-template.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, joinPath, parentOf } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import type { CatalogPort } from './catalog.ts'
import type { KdfChoice } from './keys/slots.ts'
import { explainIo } from './platform/explain-io.ts'
import { readBytes, replaceFile, syncDirectory } from './platform/json-file.ts'
import { letGo } from './platform/let-go.ts'
import { acquireLock, type Lock } from './platform/lock.ts'
import { isRepository, Repository, type World } from './repository.ts'
import { type FoundKey, keyringForWriting } from './unlock.ts'

export interface InitRequest {
  readonly root: BytePath
  readonly encrypt: boolean
  /** The key there is already; null makes a new key file. */
  readonly found: FoundKey | null
  readonly keyFile: BytePath
  readonly derivation: KdfChoice
  /** Where to put a commented configuration; null where one is there. */
  readonly configuration: BytePath | null
}

export interface Initialised {
  readonly repository: Repository
  readonly created: boolean
  readonly keyFile: BytePath | null
  readonly configuration: BytePath | null
  readonly notices: readonly string[]
}

const initLockMs = 60_000

/**
 * Makes a repository. `archives/` is made last, since its presence is what makes a directory a repository: an init
 * that was killed half way is simply run again.
 */
export async function initRepository(
  world: World,
  catalogOf: (repository: Repository) => CatalogPort,
  request: InitRequest,
): Promise<Initialised> {
  const { files, random } = world
  const repository = new Repository(request.root)
  if (isRepository(files, request.root)) {
    await refreshKit(world, repository)
    return { repository, created: false, keyFile: null, configuration: null, notices: [] }
  }
  const notices: string[] = []
  let lock: Lock | null = null
  try {
    refuseForeignDirectory(files, request.root)
    makeDirectories(files, repository.locks)
    // Two at once would each make a keyring, and only one of them stays.
    const since = new Date(world.clock.now()).toISOString()
    lock = await acquireLock(files, repository.lock('init'), {
      waitMs: initLockMs,
      signal: new AbortController().signal,
      holder: { pid: world.pid, run: 'init', command: 'init', since },
      clock: world.clock,
    })
    if (isRepository(files, request.root))
      return { repository, created: false, keyFile: null, configuration: null, notices: [] }
    for (const directory of [
      repository.temp,
      repository.runs,
      repository.keys,
      repository.headers,
      repository.recovery,
    ])
      makeDirectories(files, directory)
    const keyFile = request.encrypt && request.found === null ? await makeKeyFile(world, request.keyFile) : null
    const found =
      request.found ??
      (keyFile === null
        ? null
        : {
            secret: { kind: 'keyfile', bytes: keyFile } as const,
            origin: `the key file ${displayPath(request.keyFile)}`,
          })
    if (request.encrypt) await keyringForWriting(world, repository, found, request.derivation)
    if (readBytes(files, repository.planKey) === null)
      await replaceFile(files, repository.planKey, `${Buffer.from(random.bytes(32)).toString('hex')}\n`)
    if (readBytes(files, repository.schedules) === null)
      await replaceFile(files, repository.schedules, '{"v":1,"schedules":[]}\n')
    await refreshKit(world, repository)
    await catalogOf(repository).update((backups) => backups)
    const configuration = await placeConfiguration(files, request, notices)
    makeDirectories(files, repository.archives)
    await syncDirectory(files, repository.root)
    return { repository, created: true, keyFile: keyFile === null ? null : request.keyFile, configuration, notices }
  } catch (error) {
    throw explainIo(error, 'make the repository', request.root)
  } finally {
    lock?.release()
  }
}

/** Somebody else's files are no place for a repository. */
function refuseForeignDirectory(files: Files, root: BytePath): void {
  const status = files.statusFollowing(root)
  if (status === undefined) return
  if (status.type !== 'directory')
    throw new BackupError(
      'E_TARGET',
      `${displayPath(root)} is a ${status.type}, not a directory`,
      'choose another place with --root',
    )
  const known = new Set([
    'temp',
    'locks',
    'runs',
    'keys',
    'recovery',
    'archives',
    'metadata.json',
    'schedules.json',
    'README.md',
    'backup_config.json',
    '.gitkeep',
    'lost+found',
  ])
  const foreign = files.names(root).find((name) => !known.has(name) && !name.startsWith('.hf-'))
  if (foreign !== undefined)
    throw new BackupError(
      'E_TARGET',
      `${displayPath(root)} is not empty: it holds ${displayPath(foreign)}`,
      'choose an empty or a new directory with --root',
    )
}

export function makeDirectories(files: Files, path: BytePath): void {
  if (files.statusFollowing(path)?.type === 'directory') return
  const parent = parentOf(path)
  if (parent !== '' && parent !== path) makeDirectories(files, parent)
  try {
    files.makeDirectory(path, 0o700)
  } catch (error) {
    // Another process was first.
    if (files.statusFollowing(path)?.type !== 'directory') throw error
  }
}

/** 32 random bytes as hex, in a file only its owner can read. An existing file is never replaced. */
export async function makeKeyFile(world: World, path: BytePath): Promise<Uint8Array> {
  const { files, random } = world
  const key = random.bytes(32)
  makeDirectories(files, parentOf(path))
  const fd = files.open(path, 'create')
  try {
    files.write(fd, Buffer.from(`${Buffer.from(key).toString('hex')}\n`), null)
    await files.sync(fd)
  } finally {
    letGo(files, fd)
  }
  await syncDirectory(files, parentOf(path))
  return key
}

/** The scripts that open every archive without Holdfast lie beside the archives, with their checksums. */
async function refreshKit(world: World, repository: Repository): Promise<void> {
  const { files, recoveryKit } = world
  const sums: string[] = []
  for (const { name, path } of recoveryKit) {
    const bytes = readBytes(files, path)
    if (bytes === null) continue
    const target = joinPath(repository.recovery, name)
    const present = readBytes(files, target)
    if (present === null || !Buffer.from(present).equals(bytes))
      await replaceFile(files, target, Buffer.from(bytes).toString('utf8'))
    sums.push(`${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`)
  }
  const path = joinPath(repository.recovery, 'SHA256SUMS' as BytePath)
  const text = sums.join('')
  if (Buffer.from(readBytes(files, path) ?? []).toString() !== text) await replaceFile(files, path, text)
}

async function placeConfiguration(files: Files, request: InitRequest, notices: string[]): Promise<BytePath | null> {
  if (request.configuration === null) return null
  try {
    await replaceFile(files, request.configuration, commentedConfiguration(request.root))
    return request.configuration
  } catch (error) {
    notices.push(`no configuration was written: ${explainIo(error, 'write', request.configuration).message}`)
    return null
  }
}
