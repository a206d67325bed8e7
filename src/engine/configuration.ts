import { createHash } from 'node:crypto'
import { parseEnv } from 'node:util'
import type { LoadedSettings } from '../model/configuration.ts'
import { variableSchemas } from '../model/configuration-variables.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, joinPath, nameOf, parentOf, pathFromText, printable } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { parseConfiguration } from './configuration-file.ts'
import { planSettings, rootFromOutside } from './plan/settings.ts'
import {
  absolutePath,
  type ConfigurationFile,
  type EnvironmentValue,
  type SettingsSources,
} from './plan/settings-sources.ts'
import { letGo } from './platform/let-go.ts'

/**
 * Where settings are read from: options, the environment, .env, .env.agent, backup_config.json.
 *
 * Reads only; what the values mean is decided in plan/settings.ts.
 */

/** The calls that are made of the port. */
export type ConfigurationFiles = Pick<Files, 'open' | 'read' | 'close' | 'statusOf'>

export interface SettingsRequest {
  readonly files: ConfigurationFiles
  /** The process's environment, handed in. An empty variable is as good as none. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** As typed. */
  readonly options: { readonly root?: string | undefined; readonly config?: string | undefined }
  readonly defaultRoot: string
  readonly workingDirectory: BytePath
  readonly homeDirectory: string
}

export interface Configured extends LoadedSettings {
  /** The value of a variable, from the environment or the .env files; null where it is not set. May be a secret. */
  readonly lookUpSecret: (name: string) => string | null
  /** Where it all was read from, for what only a few deeds look at: schedules, retention. May hold secrets. */
  readonly sources: SettingsSources
}

/** More is no configuration, and is not read into memory. */
const sizeLimitBytes = 1024 * 1024

/**
 * The effective settings. Throws E_CONFIG for a file that cannot be read or understood, for an unknown key, and for
 * a value that is wrong or cannot be done yet; E_USAGE for an empty option. A backup_config.json that does not exist is fine unless --config names it.
 */
export function loadSettings(request: SettingsRequest): Configured {
  const { files, options, workingDirectory } = request
  const defaultRoot = absolutePath(workingDirectory, request.defaultRoot)
  // the trace of an unset shell variable: falling back to the default would back up to another place than meant
  for (const option of ['root', 'config'] as const)
    if (options[option] === '') throw new BackupError('E_USAGE', `--${option} is empty`, 'name a path, or leave it out')
  const outside = { root: options.root, workingDirectory, defaultRoot }
  const real = realEnvironment(request.environment)
  const environmentDirectory = directoryOf(rootFromOutside(outside, real))
  const notices: string[] = []
  const environment = mergeEnvironment(files, environmentDirectory, real, notices)
  const file = readConfiguration(files, workingDirectory, environmentDirectory, options.config, notices)
  const keyFiles = absolutePath(workingDirectory, `${request.homeDirectory}/.config/holdfast`)
  const sources: SettingsSources = {
    ...outside,
    environment,
    file,
    environmentDirectory,
    keyFileFor: (root) => joinPath(keyFiles, keyFileName(root)),
  }
  const loaded = planSettings(sources)
  return {
    ...loaded,
    notices: [...notices, ...loaded.notices],
    lookUpSecret: (name) => environment.get(name)?.value ?? null,
    sources,
  }
}

/**
 * `data-3f9a1c2b.key` for /opt/app/data/backup: the directory that holds the root, for a person to recognise, and
 * the beginning of the SHA-256 of the root's path, so that two repositories on a machine never share a key file.
 */
export function keyFileName(root: BytePath): BytePath {
  const readable = nameOf(parentOf(root)).replace(/[^A-Za-z0-9._-]/g, '_') || 'root'
  const unique = createHash('sha256').update(Buffer.from(root, 'latin1')).digest('hex').slice(0, 8)
  return pathFromText(`${readable.slice(0, 64)}-${unique}.key`)
}

function directoryOf(root: BytePath): BytePath {
  return absolutePath(root, '..')
}

function realEnvironment(variables: SettingsRequest['environment']): Map<string, EnvironmentValue> {
  const environment = new Map<string, EnvironmentValue>()
  for (const [name, value] of Object.entries(variables))
    if (value !== undefined && value !== '') environment.set(name, { value, from: 'environment' })
  return environment
}

/** Adds what the .env files say to what the real environment says; the first to name a variable has it. */
function mergeEnvironment(
  files: ConfigurationFiles,
  directory: BytePath,
  real: ReadonlyMap<string, EnvironmentValue>,
  notices: string[],
): Map<string, EnvironmentValue> {
  const merged = new Map(real)
  for (const from of ['.env', '.env.agent'] as const) {
    const path = joinPath(directory, pathFromText(from))
    const read = readText(files, path)
    if (read === null) continue
    if (read.readableByOthers && /KEY|PASSWORD|SECRET/.test(read.text))
      notices.push(`${displayPath(path)}: everybody on this machine can read the secrets in it; chmod 600 it`)
    if (read.writableByOthers) notices.push(writableByOthers(path))
    pointAtBareKey(read.text, path, notices)
    for (const [name, value] of Object.entries(parseEnv(read.text))) {
      if (value === undefined || value === '') continue
      const first = merged.get(name)
      if (first === undefined) merged.set(name, { value, from })
      else if (first.from === '.env' && first.value !== value && name in variableSchemas)
        notices.push(`${name}: the value in .env.agent is not used, because .env goes before it`)
    }
  }
  return merged
}

/** `openssl rand -hex 32 >> .env` is widely copied, and leaves a key that no variable names. */
function pointAtBareKey(text: string, path: BytePath, notices: string[]): void {
  text.split('\n').forEach((line, at) => {
    if (/^\s*[0-9a-f]{64}\s*$/i.test(line))
      notices.push(
        `${displayPath(path)}:${at + 1}: looks like a key, but no variable names it; write BACKUP_ENCRYPTION_KEY= before it`,
      )
  })
}

function readConfiguration(
  files: ConfigurationFiles,
  workingDirectory: BytePath,
  searched: BytePath,
  option: string | undefined,
  notices: string[],
): ConfigurationFile | null {
  const path =
    option === undefined
      ? joinPath(searched, pathFromText('backup_config.json'))
      : absolutePath(workingDirectory, option)
  const read = readText(files, path)
  if (read === null) {
    if (option === undefined) return null
    throw new BackupError('E_CONFIG', `${displayPath(path)} does not exist`, 'check the path given with --config')
  }
  if (read.writableByOthers) notices.push(writableByOthers(path))
  return { path, directory: directoryOf(path), ...parseConfiguration(read.text, displayPath(path)) }
}

function writableByOthers(path: BytePath): string {
  return `${displayPath(path)}: everybody on this machine can change it, and so switch protection off; chmod o-w it`
}

interface ReadText {
  readonly text: string
  readonly readableByOthers: boolean
  readonly writableByOthers: boolean
}

/** The file's text, or null where there is none. What cannot be read is an error: it may switch something on. */
function readText(files: ConfigurationFiles, path: BytePath): ReadText | null {
  let fd: number
  try {
    fd = files.open(path, 'read-following')
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw unreadable(path, code, error)
  }
  try {
    const status = files.statusOf(fd)
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readAll(files, fd, path))
    return { text, readableByOthers: (status.mode & 0o004) !== 0, writableByOthers: (status.mode & 0o002) !== 0 }
  } catch (error) {
    if (error instanceof BackupError) throw error
    throw unreadable(path, error instanceof TypeError ? 'it is not UTF-8 text' : errorCode(error), error)
  } finally {
    letGo(files, fd)
  }
}

function readAll(files: ConfigurationFiles, fd: number, path: BytePath): Uint8Array {
  const bytes = new Uint8Array(sizeLimitBytes + 1)
  let length = 0
  while (length < bytes.length) {
    const count = files.read(fd, bytes, length, bytes.length - length, null)
    if (count === 0) return bytes.subarray(0, length)
    length += count
  }
  throw unreadable(path, 'it is larger than 1 MiB')
}

function errorCode(error: unknown): string {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : 'unknown error'
}

function unreadable(path: BytePath, why: string, cause?: unknown): BackupError {
  return new BackupError(
    'E_CONFIG',
    `${displayPath(path)} cannot be read: ${printable(why)}`,
    'make it a text file that this user may read, or remove it',
    cause,
  )
}
