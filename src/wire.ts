import { availableParallelism, homedir, tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { loadSettings } from './engine/configuration.ts'
import { createEngine } from './engine/engine.ts'
import { createJobs } from './engine/jobs/jobs.ts'
import { rememberPassphrase, type TypedPassphrase } from './engine/jobs/typed-passphrase.ts'
import { systemClock } from './engine/platform/clock.ts'
import { createDiskFiles } from './engine/platform/disk-files.ts'
import { openDocumentFile } from './engine/platform/document-file.ts'
import { refuseMangledArguments, refuseMangledVariables } from './engine/platform/mangled-text.ts'
import { systemProcesses } from './engine/platform/processes.ts'
import { systemRandom } from './engine/platform/random.ts'
import type { Repository, World } from './engine/repository.ts'
import type { EngineParts } from './engine/session.ts'
import type { Engine } from './model/engine.ts'
import { BackupError } from './model/errors.ts'
import type { Jobs } from './model/jobs.ts'
import { type BytePath, displayPath, pathFromText } from './model/path.ts'
import type { Files } from './model/ports.ts'
import { version } from './model/version.ts'
import { type CatalogStore, openCatalog } from './store/catalog.ts'
import { openSchedules } from './store/schedules.ts'
import { whoIsHere } from './terminal/who-is-here.ts'

/** The composition root: the real clock, disk, catalog and engine, joined here and nowhere else. */

export interface WireOptions {
  readonly root?: string
  readonly config?: string
  /** Asks a person; absent where there is nobody to ask. */
  readonly onPassphrase?: () => Promise<string>
  /** Whether only is looked: nothing is written into the repository, not even for a while. */
  readonly readOnly?: boolean
  /** Whether this is the process of a job, which nobody sees but through the log of its run. */
  readonly isJob?: boolean
  /** The process stays and looks again and again: it keeps the catalog it has read, until that is written anew. */
  readonly staysOpen?: boolean
}

export interface Wired {
  readonly engine: Engine
  readonly jobs: Jobs
  /** The repository, for people. */
  readonly root: string
  close(): Promise<void>
}

const documentLockMs = 60_000

export async function wire(options: WireOptions): Promise<Wired> {
  const passphrase = rememberPassphrase(options.onPassphrase ?? null)
  const parts = engineParts(options, passphrase)
  return {
    engine: createEngine(parts),
    jobs: jobsOf(parts, options, passphrase),
    root: displayPath(parts.configured.settings.root),
    close: async () => {},
  }
}

/** What the engine is made of, the configuration as it is now among it. @throws E_CONFIG, E_USAGE. */
export function engineParts(options: WireOptions, passphrase: TypedPassphrase): EngineParts {
  const files = createDiskFiles()
  refuseMangledArguments(files, process.argv)
  refuseMangledVariables(files, process.env, isRead)
  const workingDirectory = currentDirectory(files)
  // dist/ and src/ lie equally deep below the checkout or the package.
  const home = fileURLToPath(new URL('..', import.meta.url))
  const configured = loadSettings({
    files,
    environment: process.env,
    options: { root: options.root, config: options.config },
    defaultRoot: defaultRoot(home),
    workingDirectory,
    homeDirectory: homedir(),
  })
  const world: World = {
    files,
    filesModule: null,
    clock: systemClock,
    random: systemRandom,
    processors: availableParallelism(),
    pid: process.pid,
    ...whoIsHere(),
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    version,
    recoveryKit: [
      kitFile('recover.py', `${home}recovery/recover.py`),
      kitFile('recover.mjs', `${home}recovery/recover.mjs`),
      kitFile('README.md', `${home}recovery/README.md`),
      kitFile('FORMAT.md', `${home}docs/format.md`),
    ],
    temporary: pathFromText(tmpdir()),
    nodePath: process.execPath,
    readOnly: options.readOnly ?? false,
    mustLog: options.isJob ?? false,
  }
  const documentFile = (path: BytePath, lock: BytePath, name: string) =>
    openDocumentFile(files, path, lock, () => ({
      waitMs: documentLockMs,
      signal: new AbortController().signal,
      clock: systemClock,
      holder: { pid: process.pid, run: name, command: name, since: new Date().toISOString() },
    }))
  const catalogOf = (repository: Repository) =>
    openCatalog(documentFile(repository.catalog, repository.lock('catalog'), 'catalog'), {
      remembers: options.staysOpen === true,
    })
  return {
    world,
    configured,
    workingDirectory,
    nodeVersion: process.version,
    catalogOf: options.staysOpen === true ? onePerPath(catalogOf) : catalogOf,
    schedulesOf: (repository) =>
      openSchedules(documentFile(repository.schedules, repository.lock('schedules'), 'schedules')),
    askPassphrase: options.onPassphrase === undefined ? null : passphrase.ask,
    forgetPassphrase: passphrase.forget,
  }
}

/** Jobs that find the same repository and configuration anew, from the same options, environment and directory. */
export function jobsOf(parts: EngineParts, options: WireOptions, passphrase: TypedPassphrase): Jobs {
  const { world, configured, workingDirectory } = parts
  return createJobs({
    files: world.files,
    root: configured.settings.root,
    temporary: world.temporary,
    processes: systemProcesses(
      fileURLToPath(new URL(`./cli.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)),
    ),
    args: ['run-job', '--json', ...option('root', options.root), ...option('config', options.config)],
    workingDirectory,
    passphrase,
  })
}

function onePerPath(open: (repository: Repository) => CatalogStore): (repository: Repository) => CatalogStore {
  const opened = new Map<BytePath, CatalogStore>()
  return (repository) => {
    const catalog = opened.get(repository.catalog) ?? open(repository)
    opened.set(repository.catalog, catalog)
    return catalog
  }
}

function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`--${name}=${value}`]
}

function kitFile(name: string, path: string): World['recoveryKit'][number] {
  return { name: pathFromText(name), path: pathFromText(path) }
}

/** @throws E_USAGE where it was deleted under the process: relative paths would have no meaning. */
function currentDirectory(files: Files): BytePath {
  try {
    const text = process.cwd()
    // Node makes this character of bytes that are not UTF-8: the bytes themselves are asked for.
    return text.includes('\ufffd') ? files.realPath('.' as BytePath) : pathFromText(text)
  } catch (error) {
    throw new BackupError(
      'E_USAGE',
      'the working directory does not exist any more',
      'go to one that does: cd /',
      error,
    )
  }
}

/** Variables that hold a path or a key. */
function isRead(name: string): boolean {
  return name.startsWith('BACKUP_') || ['HOME', 'TMPDIR', 'XDG_DATA_HOME'].includes(name)
}

/**
 * A checkout holds its repository. An installed package must not: the next `npm install` replaces all that lies in it,
 * backups included.
 */
function defaultRoot(home: string): string {
  if (!home.includes('/node_modules/')) return `${home}data/backup`
  return `${process.env['XDG_DATA_HOME'] ?? `${homedir()}/.local/share`}/holdfast/backup`
}
