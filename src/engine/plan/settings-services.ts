import type { ServiceSettings } from '../../model/configuration.ts'
import type { ServiceConfiguration } from '../../model/configuration-backup-schema.ts'
import type { ServiceType } from '../../model/configuration-values.ts'
import { type FixedBlocks, fixedBlockDefaults } from '../../model/fixed-blocks.ts'
import type { BytePath } from '../../model/path.ts'
import {
  absolutePath,
  type ConfigurationFile,
  inEnvironment,
  type Ledger,
  note,
  refuseKey,
  type SettingsSources,
} from './settings-sources.ts'

/** PATHs on the command line form a service of this name. */
const commandLineService = 'paths'
const defaultRpoHours = 25

/** The keys that only some types have. */
const keysOfType: Record<ServiceType, readonly string[]> = {
  files: [
    'include_paths',
    'exclude_patterns',
    'volume_paths',
    'one_file_system',
    'exclude_caches',
    'fixed_block_patterns',
    'fixed_block_kib',
  ],
  postgres: ['url_env_var'],
  redis: ['url_env_var'],
  secrets: ['include_paths', 'exclude_patterns'],
  agent_state: ['path_env_var', 'exclude_patterns'],
  docker_volume: ['exclude_patterns'],
}

const sourceNames: Record<Exclude<ServiceType, 'files'>, string> = {
  postgres: 'the source for PostgreSQL',
  redis: 'the source for Redis',
  secrets: 'the source for secrets',
  agent_state: 'the source for agent state',
  docker_volume: 'the source for Docker volumes',
}

function problemOf(type: ServiceType): string | null {
  return type === 'files' ? null : `type ${type} is not supported yet, because ${sourceNames[type]} is not built`
}

/**
 * What is backed up: the services, the schedules with paths of their own, and the agent state that a variable asks
 * for. Throws E_CONFIG where a service could not be what it says.
 */
export function planServices(sources: SettingsSources, ledger: Ledger): ServiceSettings[] {
  const { file } = sources
  const services: ServiceSettings[] = []
  if (file !== null) {
    for (const [name, asked] of Object.entries(file.document.services ?? {}))
      services.push(serviceFromFile(file, ledger, name, asked))
    for (const [name, asked] of Object.entries(file.document.schedules ?? {})) {
      const path = ['schedules', name]
      if (asked.include_paths !== undefined) {
        refuseTakenName(file, path, name, services)
        services.push({
          ...blankService(name, 'files', path.join('.')),
          includePaths: includePaths(file, asked.include_paths),
          excludePatterns: patterns(ledger, [...path, 'exclude_patterns'], asked.exclude_patterns),
        })
      } else if (asked.exclude_patterns !== undefined)
        throw refuseKey(file, [...path, 'exclude_patterns'], 'stands without include_paths', 'add include_paths to it')
    }
  }
  addAgentState(sources, ledger, services)
  return services
}

function blankService(name: string, type: ServiceType, definedBy: string): ServiceSettings {
  return {
    name,
    type,
    definedBy,
    includePaths: [],
    excludePatterns: [],
    volumePaths: [],
    oneFileSystem: false,
    excludeCaches: false,
    fixedBlocks: fixedBlockDefaults,
    urlVariable: null,
    pathVariable: null,
    rpoHours: defaultRpoHours,
    hasRpo: false,
    rtoMinutes: null,
    problem: problemOf(type),
  }
}

function serviceFromFile(
  file: ConfigurationFile,
  ledger: Ledger,
  name: string,
  asked: ServiceConfiguration,
): ServiceSettings {
  const path = ['services', name]
  refuseTakenName(file, path, name, [])
  const allowed = keysOfType[asked.type]
  for (const key of new Set(Object.values(keysOfType).flat()))
    if (key in asked && !allowed.includes(key))
      throw refuseKey(file, [...path, key], `is no key of type ${asked.type}`, `its keys are ${allowed.join(', ')}`)
  if (asked.type === 'files' && asked.include_paths === undefined && asked.volume_paths === undefined)
    throw refuseKey(file, path, 'names nothing to back up', 'add include_paths to it')
  return {
    ...blankService(name, asked.type, path.join('.')),
    includePaths: includePaths(file, asked.include_paths ?? []),
    excludePatterns: patterns(ledger, [...path, 'exclude_patterns'], asked.exclude_patterns),
    volumePaths: includePaths(file, asked.volume_paths ?? []),
    oneFileSystem: asked.one_file_system ?? false,
    excludeCaches: asked.exclude_caches ?? false,
    fixedBlocks: fixedBlocks(ledger, path, asked),
    urlVariable: asked.url_env_var ?? null,
    pathVariable: asked.path_env_var ?? null,
    rpoHours: asked.rpo_hours ?? defaultRpoHours,
    hasRpo: asked.rpo_hours !== undefined,
    rtoMinutes: asked.rto_minutes ?? null,
  }
}

function refuseTakenName(
  file: ConfigurationFile,
  path: readonly string[],
  name: string,
  taken: readonly ServiceSettings[],
): void {
  if (name === commandLineService)
    throw refuseKey(file, path, 'has a name that is kept for paths on the command line', 'choose another name')
  const other = taken.find((service) => service.name === name)
  if (other !== undefined)
    throw refuseKey(file, path, `makes a service of a name that ${other.definedBy} already has`, 'rename one of them')
}

/** Sorted and without repeats: the same set of paths is the same service, however it is written. */
function includePaths(file: ConfigurationFile, asked: readonly string[]): BytePath[] {
  const paths = new Set(asked.map((path) => absolutePath(file.directory, path)))
  return [...paths].sort()
}

function fixedBlocks(ledger: Ledger, path: readonly string[], asked: ServiceConfiguration): FixedBlocks {
  const { fixed_block_patterns: named, fixed_block_kib: kib } = asked
  return {
    patterns:
      named === undefined ? fixedBlockDefaults.patterns : patterns(ledger, [...path, 'fixed_block_patterns'], named),
    blockBytes: kib === undefined ? fixedBlockDefaults.blockBytes : kib * 1024,
  }
}

function patterns(ledger: Ledger, path: readonly string[], asked: readonly string[] | undefined): string[] {
  for (const pattern of asked ?? [])
    if (pattern.startsWith('#'))
      ledger.notices.push(`${path.join('.')}: a pattern that begins with # is a comment; write \\#`)
  return [...(asked ?? [])]
}

/** JULES_AGENT_DIR asks for its directory even where no file names a service. */
function addAgentState(sources: SettingsSources, ledger: Ledger, services: ServiceSettings[]): void {
  const variable = inEnvironment(sources, 'JULES_AGENT_DIR')
  if (variable === null) return
  note(ledger, variable.name, variable.value, variable)
  if (services.some((service) => service.type === 'agent_state')) return
  if (services.some((service) => service.name === 'agent_state'))
    ledger.warnings.push(`${variable.name}: not backed up, because agent_state is the name of another service`)
  else services.push({ ...blankService('agent_state', 'agent_state', variable.name), pathVariable: variable.name })
}
