import type { LoadedSettings } from '../model/configuration.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, isWithin, joinPath } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import type { DoctorReport } from '../model/status.ts'
import { formatNumberOf } from '../model/units.ts'
import type { CatalogPort } from './catalog.ts'
import { listBackups } from './catalog.ts'
import { fingerprint } from './keys/derive.ts'
import { unlockKeyring } from './keys/keyring.ts'
import { isRepository, Repository, type World } from './repository.ts'
import { daemonOf } from './running-daemon.ts'
import { type FoundKey, readKeyring } from './unlock.ts'

/** Are tools, keys, locks and permissions in order. Looks, and changes nothing. */

type Check = DoctorReport['checks'][number]

export interface DoctorRequest {
  readonly root: BytePath
  readonly loaded: LoadedSettings
  readonly findKey: () => FoundKey | null
  readonly catalogOf: (repository: Repository) => CatalogPort
  readonly nodeVersion: string
  /** How many schedules are enabled. @throws E_DAMAGED */
  readonly enabledSchedules: () => Promise<number>
}

const tools = [
  ['git', 'records branch and commit of a source in a git work tree', 'notice'],
  ['python3', 'runs recovery/recover.py, also for verify --level restore', 'notice'],
  ['xz', 'for --compress xz', 'notice'],
  ['bzip2', 'for --compress bzip2', 'notice'],
] as const

export async function examine(world: World, request: DoctorRequest): Promise<DoctorReport> {
  const { execa } = await import('execa') // most commands never need it
  const checks: Check[] = []
  const add = (name: string, state: Check['state'], what: string, hint = ''): void =>
    void checks.push({ name, state, what, hint })
  add('node', 'ok', `Node ${request.nodeVersion}`)
  checkLibc(world.files, add)
  for (const [name, use, state] of tools) {
    const { failed, stdout } = await execa(name, ['--version'], { reject: false, timeout: 5000, stdin: 'ignore' })
    if (failed) add(name, state, `${name} is not installed; it ${use}`, `install ${name}`)
    else add(name, 'ok', stdout.split('\n')[0] ?? name)
  }
  if (isRepository(world.files, request.root)) await checkRepository(world, new Repository(request.root), request, add)
  else
    add(
      'repository',
      'problem',
      `there is no repository at ${displayPath(request.root)}`,
      'make one with: holdfast init',
    )
  for (const notice of request.loaded.notices) add('setting', 'notice', notice)
  for (const warning of request.loaded.warnings) add('setting', 'warning', warning)
  for (const service of request.loaded.services) {
    if (service.problem !== null) add('service', 'warning', `${service.name}: ${service.problem}`)
    for (const path of service.includePaths) {
      if (world.files.status(path) === undefined)
        add('service', 'warning', `${service.name}: ${displayPath(path)} does not exist`, 'correct include_paths')
    }
  }
  return {
    ok: checks.every(({ state }) => state === 'ok' || state === 'notice'),
    checks,
    settings: request.loaded.origins,
  }
}

type Add = (name: string, state: Check['state'], what: string, hint?: string) => void

function checkLibc(files: Files, add: Add): void {
  try {
    files.xattrs('/' as BytePath)
    add('libc', 'ok', 'extended attributes, kernel locks and nanosecond times are at hand')
  } catch (error) {
    if (error instanceof BackupError) add('libc', 'problem', error.message, error.hint)
    else add('libc', 'ok', 'the C library is at hand')
  }
}

async function checkRepository(world: World, repository: Repository, request: DoctorRequest, add: Add): Promise<void> {
  const { files } = world
  add('repository', 'ok', displayPath(repository.root))
  const status = files.statusFollowing(repository.root)
  if (status !== undefined && (status.mode & 0o077) !== 0) {
    add(
      'permissions',
      'warning',
      `others may look into ${displayPath(repository.root)} (mode ${status.mode.toString(8)})`,
      `chmod 700 ${displayPath(repository.root)}`,
    )
  } else add('permissions', 'ok', 'only its owner may look into the repository')
  checkKey(world, repository, request, add)
  const { backups, problems } = await listBackups(files, repository, request.catalogOf(repository))
  if (problems.length === 0) add('catalog', 'ok', formatNumberOf(backups.length, 'backup'))
  for (const problem of problems) add('catalog', 'problem', problem, 'holdfast rebuild')
  await checkSchedules(world, repository, request, add)
  const left = files.names(repository.temp)
  if (left.length > 0)
    add('temp', 'notice', `${left.length} unfinished runs lie in temp/: running, or swept by the next create`)
  if (files.statusFollowing(joinPath(repository.recovery, 'recover.py' as BytePath)) === undefined)
    add('recovery', 'warning', 'the recovery scripts are missing from recovery/', 'holdfast init puts them back')
  else add('recovery', 'ok', 'the recovery scripts lie beside the archives')
}

async function checkSchedules(world: World, repository: Repository, request: DoctorRequest, add: Add): Promise<void> {
  try {
    const enabled = await request.enabledSchedules()
    const daemon = daemonOf(world.files, repository)
    const scheduled = enabled === 1 ? '1 schedule is enabled' : `${enabled} schedules are enabled`
    if (daemon !== null)
      add(
        'daemon',
        'ok',
        `${scheduled}, and ${daemon.pid === null ? 'a daemon' : `process ${daemon.pid}`} runs what is due`,
      )
    else if (enabled === 0) add('daemon', 'ok', 'nothing is scheduled, and no daemon runs')
    else
      add(
        'daemon',
        'warning',
        `${scheduled}, but no daemon runs: nothing is backed up by itself`,
        'run: holdfast --daemon, best as a service of the machine',
      )
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    add('schedules', 'problem', error.message, error.hint)
  }
}

function checkKey(world: World, repository: Repository, request: DoctorRequest, add: Add): void {
  const { encryption } = request.loaded.settings
  if (!encryption.enabled) {
    add('key', 'warning', 'encryption is off: whoever reads the repository reads the data', 'set encryption.enabled')
    return
  }
  try {
    const [state, what, hint] = keyState(world.files, repository, request.findKey())
    add('key', state, what, hint)
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    add('key', 'problem', error.message, error.hint)
  }
  if (encryption.key.kind === 'file' && isWithin(encryption.key.path, repository.root)) {
    add('key', 'warning', 'the key file lies inside the repository it opens', 'keep it elsewhere')
  }
}

function keyState(files: Files, repository: Repository, found: FoundKey | null): [Check['state'], string, string] {
  if (found === null) {
    const what = 'there is no key: backups can neither be made nor restored'
    return ['problem', what, 'set BACKUP_ENCRYPTION_KEY, or name the key file']
  }
  const keyring = readKeyring(files, repository)
  if (keyring === null) return ['notice', `${found.origin}; the repository has no keyring yet`, '']
  const kids = unlockKeyring(keyring, found.secret).slotKeys.map((key) => fingerprint(key.secret))
  return ['ok', `${found.origin} opens the repository; keys: ${kids.join(', ')}`, '']
}
