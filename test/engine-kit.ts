import { createRequire } from 'node:module'
import { loadSettings } from '../src/engine/configuration.ts'
import { createEngine } from '../src/engine/engine.ts'
import { systemClock } from '../src/engine/platform/clock.ts'
import { createDiskFiles } from '../src/engine/platform/disk-files.ts'
import { openDocumentFile } from '../src/engine/platform/document-file.ts'
import { systemRandom } from '../src/engine/platform/random.ts'
import type { World } from '../src/engine/repository.ts'
import type { CreateOptions } from '../src/model/create.ts'
import type { Engine } from '../src/model/engine.ts'
import { type BytePath, pathFromText } from '../src/model/path.ts'
import type { Clock, Files } from '../src/model/ports.ts'
import { openCatalog } from '../src/store/catalog.ts'
import { openSchedules } from '../src/store/schedules.ts'

/** An engine in this process, wired as the command line wires it. */
export interface EngineSettings {
  readonly root: string
  /** Working and home directory. */
  readonly home: string
  readonly key: string
  /** In the place of the key. */
  readonly keyFile?: string
  readonly files?: Files
  /** Of the same disk, for the worker threads. */
  readonly filesModule?: string | null
  readonly clock?: Clock
  readonly processors?: number
  /** How long a lock is waited for. */
  readonly patienceMs?: number
  /** Where recovery/ lies. */
  readonly checkout?: string
}

/** A create of paths as most tests ask for it: nothing but what is said. */
export function plainly(
  asked: Pick<CreateOptions, 'type' | 'paths'> & Partial<Pick<CreateOptions, 'paranoid' | 'acceptEmpty'>>,
): CreateOptions {
  return {
    services: [],
    description: '',
    compression: null,
    exclude: [],
    excludeCaches: false,
    oneFileSystem: false,
    withoutVolumes: false,
    paranoid: false,
    acceptEmpty: false,
    estimate: false,
    ...asked,
  }
}

export function engineAt(settings: EngineSettings): Engine {
  const { root, home, key, filesModule = null, clock = systemClock, processors = 1, patienceMs = 10_000 } = settings
  const files = settings.files ?? createDiskFiles()
  const checkout =
    settings.checkout ??
    createRequire(import.meta.url)
      .resolve('../package.json')
      .slice(0, -'/package.json'.length)
  const configured = loadSettings({
    files,
    environment:
      settings.keyFile === undefined
        ? { BACKUP_ENCRYPTION_KEY: key }
        : { BACKUP_RECOVERY_ENCRYPTION_KEY_PATH: settings.keyFile },
    options: { root, config: undefined },
    defaultRoot: root,
    workingDirectory: pathFromText(home),
    homeDirectory: home,
  })
  const world: World = {
    files,
    filesModule,
    clock,
    random: systemRandom,
    processors,
    pid: process.pid,
    host: 'host',
    user: 'user',
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    version: '0',
    recoveryKit: ['recover.py', 'recover.mjs', 'README.md'].map((name) => ({
      name: pathFromText(name),
      path: pathFromText(`${checkout}/recovery/${name}`),
    })),
    temporary: pathFromText(home),
    nodePath: process.execPath,
    readOnly: false,
    mustLog: false,
  }
  const documentFile = (path: BytePath, lock: BytePath) =>
    openDocumentFile(files, path, lock, () => ({
      waitMs: patienceMs,
      signal: new AbortController().signal,
      clock: systemClock,
      holder: { pid: process.pid, run: 'document', command: 'document', since: '' },
    }))
  return createEngine({
    world,
    configured,
    workingDirectory: pathFromText(home),
    nodeVersion: process.version,
    catalogOf: (repository) => openCatalog(documentFile(repository.catalog, repository.lock('catalog'))),
    schedulesOf: (repository) => openSchedules(documentFile(repository.schedules, repository.lock('schedules'))),
    askPassphrase: null,
  })
}
