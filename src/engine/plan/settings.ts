import type { LoadedSettings, WorkerSettings } from '../../model/configuration.ts'
import { type VariableName, variableSchemas } from '../../model/configuration-variables.ts'
import type { BytePath } from '../../model/path.ts'
import { answerKeys, answerVariables } from './settings-answers.ts'
import { planCompression } from './settings-compression.ts'
import { planEncryption } from './settings-encryption.ts'
import { planLogging } from './settings-logging.ts'
import { planServices } from './settings-services.ts'
import {
  absolutePath,
  choose,
  type EnvironmentValue,
  flagInEnvironment,
  inEnvironment,
  inFile,
  type Ledger,
  pathSaid,
  refuse,
  type Said,
  type SettingsSources,
  showPath,
} from './settings-sources.ts'

/**
 * The effective settings, from everything that was said: option, environment, file, default.
 *
 * Whatever was said and is not done is answered in `notices` or `warnings`. Throws E_CONFIG for a variable that
 * says nothing sensible and for a value that cannot be done yet and must not be done otherwise.
 */
export function planSettings(sources: SettingsSources): LoadedSettings {
  checkVariables(sources)
  const ledger: Ledger = { origins: [], notices: [], warnings: [] }
  const document = sources.file?.document
  const root = planRoot(sources, ledger)
  const about = {
    version: labelOf(sources, ledger, 'metadata.version', document?.metadata?.version),
    lastUpdated: labelOf(sources, ledger, 'metadata.last_updated', document?.metadata?.last_updated),
    organization: labelOf(sources, ledger, 'metadata.organization', document?.metadata?.organization),
    company: labelOf(sources, ledger, 'global_settings.company_name', document?.global_settings?.company_name),
  }
  const zone = inFile(sources, 'global_settings.default_timezone', document?.global_settings?.default_timezone)
  const timeZone = choose(ledger, 'global_settings.default_timezone', [zone], 'UTC').value
  const encryption = planEncryption(sources, ledger, root)
  const compression = planCompression(sources, ledger)
  const workers = planWorkers(sources, ledger)
  const verification = choose(
    ledger,
    'recovery.verification_enabled',
    [
      flagInEnvironment(sources, 'BACKUP_RECOVERY_VERIFICATION_ENABLED'),
      inFile(sources, 'recovery.verification_enabled', document?.recovery?.verification_enabled),
    ],
    true,
  ).value
  const logging = planLogging(sources, ledger)
  const services = planServices(sources, ledger)
  answerKeys(sources, ledger)
  answerVariables(sources, ledger)
  return {
    settings: {
      root,
      configurationFile: sources.file?.path ?? null,
      about,
      timeZone,
      encryption,
      compression,
      workers,
      verification,
      logging,
    },
    services,
    ...ledger,
  }
}

/** The root that says where configuration is looked for: from the option or the real environment, else the default. */
export function rootFromOutside(
  sources: Pick<SettingsSources, 'root' | 'workingDirectory' | 'defaultRoot'>,
  environment: ReadonlyMap<string, EnvironmentValue>,
): BytePath {
  const said =
    sources.root ?? environment.get('BACKUP_DIR')?.value ?? environment.get('BACKUP_RECOVERY_STORAGE_PATH')?.value
  return said === undefined ? sources.defaultRoot : absolutePath(sources.workingDirectory, said)
}

function planRoot(sources: SettingsSources, ledger: Ledger): BytePath {
  const option: Said<string> | null =
    sources.root === undefined ? null : { value: sources.root, from: 'option', name: '--root', where: '--root' }
  const key = 'storage.local.path'
  const said: readonly (Said<string> | null)[] = [
    option,
    rootInEnvironment(sources, ledger),
    inFile(sources, key, sources.file?.document.storage?.local?.path),
  ]
  const chosen = said.find((one) => one !== null) ?? null
  const root = chosen === null ? sources.defaultRoot : pathSaid(sources, chosen)
  choose(ledger, key, [chosen === null ? null : { ...chosen, value: root }], root, showPath)
  if (root === '/' && chosen !== null)
    throw refuse(chosen, 'is the root of the file system, which cannot be a repository', 'name a directory of its own')
  return root
}

/** BACKUP_DIR goes first among equals; the real environment goes before .env, so that it still names what was searched. */
function rootInEnvironment(sources: SettingsSources, ledger: Ledger): Said<string> | null {
  const directory = inEnvironment(sources, 'BACKUP_DIR')
  const storagePath = inEnvironment(sources, 'BACKUP_RECOVERY_STORAGE_PATH')
  if (directory === null || storagePath === null) return directory ?? storagePath
  const rank = (said: Said<string>) => ['environment', '.env', '.env.agent'].indexOf(said.from)
  const [winner, loser] = rank(storagePath) < rank(directory) ? [storagePath, directory] : [directory, storagePath]
  if (pathSaid(sources, winner) !== pathSaid(sources, loser))
    ledger.notices.push(`${loser.name}: not used, because ${winner.name} names another root and goes before it`)
  return winner
}

function labelOf(sources: SettingsSources, ledger: Ledger, key: string, value: string | undefined): string | null {
  const said = inFile(sources, key, value)
  return said === null ? null : choose(ledger, key, [said], said.value).value
}

function planWorkers(sources: SettingsSources, ledger: Ledger): WorkerSettings {
  const document = sources.file?.document
  const threading = document?.performance?.threading
  const threads = (key: string, value: number | undefined) => inFile<number | null>(sources, key, value)
  const pick = (key: string, first: Said<number | null> | null, second: Said<number | null> | null, why: string) => {
    if (first !== null && second !== null && first.value !== second.value)
      ledger.notices.push(
        `${second.name}: ${second.value} has no effect beside ${first.name}: ${first.value}, because ${why}`,
      )
    return choose(ledger, key, [first, second], null, (count) => (count === null ? 'automatic' : String(count))).value
  }
  const backup = threads('performance.threading.backup_threads', threading?.backup_threads)
  const compression = threads('performance.threading.compression_threads', threading?.compression_threads)
  const restore = threads('recovery.parallel_restore_threads', document?.recovery?.parallel_restore_threads)
  const restoreToo = threads('performance.threading.restore_threads', threading?.restore_threads)
  const verification = threads('performance.threading.verification_threads', threading?.verification_threads)
  return {
    backup: pick('performance.threading.backup_threads', backup, compression, 'the same workers read and compress'),
    restore: pick('recovery.parallel_restore_threads', restore, restoreToo, 'a restore has one number of workers'),
    verification: pick('performance.threading.verification_threads', verification, null, ''),
  }
}

function checkVariables(sources: SettingsSources): void {
  for (const name of Object.keys(variableSchemas)) {
    const found = sources.environment.get(name)
    if (found === undefined) continue
    // Object.keys widens the names it has just read from the table
    const parsed = variableSchemas[name as VariableName].safeParse(found.value)
    if (parsed.success) continue
    const issue = parsed.error.issues[0]
    const what =
      issue?.code === 'invalid_value' ? `must be one of ${issue.values.map(String).join(', ')}` : (issue?.message ?? '')
    throw refuse({ ...found, name, where: name }, what, `correct ${name} or leave it out`)
  }
}
