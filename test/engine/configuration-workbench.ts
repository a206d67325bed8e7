import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type ConfigurationFiles, type Configured, loadSettings } from '../../src/engine/configuration.ts'
import { pathFromText } from '../../src/model/path.ts'
import type { FileStatus } from '../../src/model/ports.ts'

/** STAND-IN for the platform's `Files`, only the four calls that configuration makes, on the real disk. To be replaced by it. */
export const realFiles: ConfigurationFiles = {
  open: (path) => openSync(Buffer.from(path, 'latin1'), constants.O_RDONLY),
  close: (fd) => closeSync(fd),
  read: (fd, into, offset, length, position) => readSync(fd, into, offset, length, position),
  // only the mode is looked at
  statusOf: (fd) => ({ mode: fstatSync(fd).mode & 0o7777 }) as FileStatus,
}

export interface Bench {
  readonly directory: string
  /** Writes a file into the directory that holds the root. */
  write(name: string, content: unknown, mode?: number): string
  load(environment?: Record<string, string>, options?: { root?: string; config?: string }): Configured
}

/** A directory of its own with the default root `data/backup` in it, gone when the test ends. */
export function bench(): Bench {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-configuration-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const write = (name: string, content: unknown, mode = 0o600) => {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    const raw = typeof content === 'string' || content instanceof Uint8Array
    writeFileSync(path, raw ? content : JSON.stringify(content, null, 2))
    chmodSync(path, mode)
    return path
  }
  const load = (environment = {}, options = {}) =>
    loadSettings({
      files: realFiles,
      environment,
      options,
      defaultRoot: join(directory, 'backup'),
      workingDirectory: pathFromText(join(directory, 'elsewhere')),
      homeDirectory: '/home/operator',
    })
  return { directory, write, load }
}
