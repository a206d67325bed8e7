import type { EncryptionSettings, KeyDerivation, KeyReference } from '../../model/configuration.ts'
import { type BytePath, isWithin } from '../../model/path.ts'
import {
  choose,
  inEnvironment,
  inFile,
  type Ledger,
  note,
  pathSaid,
  refuse,
  type Said,
  type SettingsSources,
  showPath,
} from './settings-sources.ts'

/** OWASP's floor for PBKDF2-HMAC-SHA256 (Password Storage Cheat Sheet, 2023). */
const leastIterations = 600_000
/** NIST SP 800-132, 5.1. */
const leastSaltBits = 128

/** Whether and how archives are encrypted. Throws E_CONFIG for what would be done otherwise than it says. */
export function planEncryption(sources: SettingsSources, ledger: Ledger, root: BytePath): EncryptionSettings {
  const asked = sources.file?.document.encryption
  const algorithm = inFile(sources, 'encryption.algorithm', asked?.algorithm)
  if (algorithm !== null && algorithm.value !== 'AES-256-GCM')
    throw refuse(
      algorithm,
      'is not supported yet, because archives are always encrypted with AES-256-GCM',
      'write AES-256-GCM, or leave the key out',
    )
  const keySize = inFile(sources, 'encryption.key_size', asked?.key_size)
  if (keySize !== null && keySize.value !== 256)
    throw refuse(keySize, `is ${keySize.value}, but the key of AES-256-GCM has 256 bits`, 'write 256, or leave it out')

  const enabled = planEnabled(sources, ledger)
  const { key, keyFile, keyVariable } = planKey(sources, ledger, root)
  if (!enabled && sources.environment.has(keyVariable))
    ledger.notices.push(`encryption.enabled: new archives are not encrypted, although ${keyVariable} is set`)
  if (enabled && isWithin(keyFile, root))
    ledger.notices.push(
      'encryption.key_management.file_path: the key lies inside the root, so whoever has the backups has their key',
    )
  return { enabled, key, keyFile, keyVariable, derivation: planDerivation(sources, ledger) }
}

/** Three keys may switch it; where they differ, the more protective wins. */
function planEnabled(sources: SettingsSources, ledger: Ledger): boolean {
  const document = sources.file?.document
  const said = [
    inFile(sources, 'encryption.enabled', document?.encryption?.enabled),
    inFile(sources, 'global_settings.encryption_enabled', document?.global_settings?.encryption_enabled),
    inFile(sources, 'storage.local.encryption', document?.storage?.local?.encryption),
  ].filter((one) => one !== null)
  const on = said.find((one) => one.value)
  for (const off of on === undefined ? [] : said.filter((one) => !one.value))
    ledger.notices.push(`${off.name}: false is not used, because ${on?.name} is true and the more protective wins`)
  return choose(ledger, 'encryption.enabled', [on ?? said[0] ?? null], true).value
}

function planKey(
  sources: SettingsSources,
  ledger: Ledger,
  root: BytePath,
): { key: KeyReference; keyFile: BytePath; keyVariable: string } {
  const asked = sources.file?.document.encryption?.key_management
  const prefix = 'encryption.key_management'
  const source = inFile(sources, `${prefix}.source`, asked?.source)
  if (source?.value === 'hsm')
    throw refuse(
      source,
      'is hsm, which is not supported yet, because the connection to PKCS#11 tokens is not built',
      'use file or environment',
    )
  const named = inFile(sources, `${prefix}.environment_variable`, asked?.environment_variable)
  const keyVariable = choose(ledger, `${prefix}.environment_variable`, [named], 'BACKUP_ENCRYPTION_KEY').value
  if (keyVariable !== 'BACKUP_ENCRYPTION_KEY' && sources.environment.has('BACKUP_ENCRYPTION_KEY'))
    ledger.notices.push(`BACKUP_ENCRYPTION_KEY: not used, because ${prefix}.environment_variable names ${keyVariable}`)

  const pathVariable = inEnvironment(sources, 'BACKUP_RECOVERY_ENCRYPTION_KEY_PATH')
  const fileSaid = pathVariable ?? inFile(sources, `${prefix}.file_path`, asked?.file_path)
  const keyFile = fileSaid === null ? sources.keyFileFor(root) : pathSaid(sources, fileSaid)
  choose(ledger, `${prefix}.file_path`, [fileSaid === null ? null : { ...fileSaid, value: keyFile }], keyFile, showPath)

  const key = chooseKey(sources, ledger, { source, pathVariable, keyFile, keyVariable })
  return { key, keyFile, keyVariable }
}

/** The environment goes before the file: the key itself, then the path of a key file, then what `source` says. */
function chooseKey(
  sources: SettingsSources,
  ledger: Ledger,
  asked: {
    source: Said<'file' | 'environment' | 'hsm'> | null
    pathVariable: Said<string> | null
    keyFile: BytePath
    keyVariable: string
  },
): KeyReference {
  const { source, pathVariable, keyFile, keyVariable } = asked
  const key = 'encryption.key_management.source'
  const held = sources.environment.get(keyVariable)
  if (held !== undefined) {
    const loser = pathVariable ?? (source?.value === 'file' ? source : null)
    if (loser !== null) ledger.notices.push(`${loser.name}: the key file is not read, because ${keyVariable} is set`)
    note(ledger, key, 'environment', { value: null, from: held.from, name: keyVariable, where: keyVariable })
    note(ledger, keyVariable, '********', { value: null, from: held.from, name: keyVariable, where: keyVariable })
    return { kind: 'environment', variable: keyVariable }
  }
  if (source?.value === 'environment' && pathVariable === null) {
    note(ledger, key, 'environment', source)
    return { kind: 'environment', variable: keyVariable }
  }
  note(ledger, key, 'file', pathVariable ?? source ?? { value: null, from: 'default', name: key })
  return { kind: 'file', path: keyFile }
}

function planDerivation(sources: SettingsSources, ledger: Ledger): KeyDerivation {
  const asked = sources.file?.document.encryption?.key_derivation
  const prefix = 'encryption.key_derivation'
  const algorithm = choose(
    ledger,
    `${prefix}.algorithm`,
    [inFile(sources, `${prefix}.algorithm`, asked?.algorithm)],
    'scrypt',
  ).value
  const iterations = inFile(sources, `${prefix}.iterations`, asked?.iterations)
  const salt = inFile(sources, `${prefix}.salt_size`, asked?.salt_size)
  const saltBits = raised(ledger, salt, leastSaltBits, 'the least that a key slot gets')
  if (salt !== null) note(ledger, `${prefix}.salt_size`, String(saltBits), salt)
  const saltBytes = saltBits / 8
  if (algorithm === 'PBKDF2') {
    const count = raised(ledger, iterations, leastIterations, 'the least that withstands guessing today')
    note(ledger, `${prefix}.iterations`, String(count), iterations ?? { value: 0, from: 'default', name: prefix })
    return { algorithm: 'pbkdf2', iterations: count, saltBytes }
  }
  if (iterations !== null)
    ledger.notices.push(`${iterations.name}: has no effect, because ${algorithm} has parameters of its own`)
  return { algorithm, saltBytes }
}

function raised(ledger: Ledger, said: Said<number> | null, least: number, why: string): number {
  if (said === null) return least
  if (said.value < least) ledger.notices.push(`${said.name}: ${said.value} is raised to ${least}, ${why}`)
  return Math.max(said.value, least)
}
