import type { SettingOrigin, SettingSource } from '../../model/configuration.ts'
import { dottedKey, type KeyPath } from '../../model/configuration-keys.ts'
import type { Configuration } from '../../model/configuration-schema.ts'
import { isTrueWord, type VariableName } from '../../model/configuration-variables.ts'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, pathFromText } from '../../model/path.ts'

/** What the settings are made from, and how one value is chosen among those who name it. */

export type EnvironmentSource = 'environment' | '.env' | '.env.agent'

export interface EnvironmentValue {
  readonly value: string
  readonly from: EnvironmentSource
}

export interface ConfigurationFile {
  readonly path: BytePath
  /** Relative paths in the file start here. */
  readonly directory: BytePath
  readonly document: Configuration
  /** `backup_config.json:12:7` of a key's value. */
  where(path: KeyPath): string
}

export interface SettingsSources {
  /** As typed. */
  readonly root: string | undefined
  /** Merged: the real environment goes before .env, .env before .env.agent. */
  readonly environment: ReadonlyMap<string, EnvironmentValue>
  readonly file: ConfigurationFile | null
  readonly defaultRoot: BytePath
  readonly workingDirectory: BytePath
  /** Where .env and .env.agent lie: relative paths in them start here. */
  readonly environmentDirectory: BytePath
  /** The key file of a repository that was given none. */
  keyFileFor(root: BytePath): BytePath
}

/** What the choosing leaves behind for the operator. */
export interface Ledger {
  readonly origins: SettingOrigin[]
  readonly notices: string[]
  readonly warnings: string[]
}

/** One source's word on a setting. */
export interface Said<Value> {
  readonly value: Value
  readonly from: SettingSource
  /** The dotted key or the variable, as messages name it. */
  readonly name: string
  readonly where?: string
}

export function inFile<Value>(sources: SettingsSources, key: string, value: Value | undefined): Said<Value> | null {
  if (value === undefined || sources.file === null) return null
  return { value, from: 'file', name: key, where: sources.file.where(key.split('.')) }
}

export function inEnvironment(sources: SettingsSources, name: VariableName): Said<string> | null {
  const found = sources.environment.get(name)
  return found === undefined ? null : { value: found.value, from: found.from, name, where: name }
}

export function flagInEnvironment(sources: SettingsSources, name: VariableName): Said<boolean> | null {
  const found = inEnvironment(sources, name)
  return found === null ? null : { ...found, value: isTrueWord(found.value) }
}

/** The first word that was said, noted as the origin of `key`; the default where nobody spoke. */
export function choose<Value>(
  ledger: Ledger,
  key: string,
  said: readonly (Said<Value> | null)[],
  fallback: Value,
  show: (value: Value) => string = String,
): Said<Value> {
  const chosen = said.find((one) => one !== null) ?? { value: fallback, from: 'default', name: key }
  note(ledger, key, show(chosen.value), chosen)
  return chosen
}

export function note(ledger: Ledger, key: string, value: string, said: Said<unknown>): void {
  const where = said.where === undefined ? {} : { where: said.where }
  ledger.origins.push({ key, value, from: said.from, ...where })
}

/** A value that cannot be done: the file's place and the key, or the variable. Never the value itself. */
export function refuse(said: Said<unknown>, what: string, hint = ''): BackupError {
  const place = said.from === 'file' && said.where !== undefined ? `${said.where}: ` : ''
  const within = said.from === '.env' || said.from === '.env.agent' ? ` (in ${said.from})` : ''
  return new BackupError('E_CONFIG', `${place}${said.name}${within} ${what}`, hint)
}

export function refuseKey(file: ConfigurationFile, path: KeyPath, what: string, hint = ''): BackupError {
  return new BackupError('E_CONFIG', `${file.where(path)}: ${dottedKey(path)} ${what}`, hint)
}

/** A path somebody wrote, absolute: from an option or the environment against the working directory, else against its file. */
export function pathSaid(sources: SettingsSources, said: Said<string>): BytePath {
  return absolutePath(directoryOf(sources, said.from), said.value)
}

function directoryOf(sources: SettingsSources, from: SettingSource): BytePath {
  if (from === 'file' && sources.file !== null) return sources.file.directory
  if (from === '.env' || from === '.env.agent') return sources.environmentDirectory
  return sources.workingDirectory
}

/** `path` against `directory`, without `.`, `..`, doubled and trailing slashes. Symlinks are not looked at. */
export function absolutePath(directory: BytePath, path: string): BytePath {
  const bytes = pathFromText(path)
  const parts: string[] = []
  for (const part of (bytes.startsWith('/') ? bytes : `${directory}/${bytes}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  // bytes in, bytes out: cutting at slashes keeps them bytes
  return `/${parts.join('/')}` as BytePath
}

export function showPath(path: BytePath): string {
  return displayPath(path)
}
