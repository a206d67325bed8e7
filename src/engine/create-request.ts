import type { CatalogEntry } from '../model/backup.ts'
import type { ServiceSettings } from '../model/configuration.ts'
import { nearest } from '../model/configuration-keys.ts'
import type { CreateOptions, EstimateOptions } from '../model/create.ts'
import { BackupError } from '../model/errors.ts'
import { fixedBlockDefaults } from '../model/fixed-blocks.ts'
import { type BytePath, isWithin } from '../model/path.ts'
import { type CompressionLevel, defaultLevel } from './archive/codec.ts'
import type { ServiceRequest } from './service-request.ts'
import type { Session } from './session.ts'
import { type SourceType, sources } from './sources/registry.ts'

/** PATHs of the command line form one service of this name. */
const pathsService = 'paths'

/** From what was asked and what is configured to what a create does. */

export interface ChosenServices {
  readonly services: readonly ServiceRequest[]
  /** Services asked for that cannot be backed up yet. */
  readonly warnings: readonly string[]
}

/** @throws E_USAGE, E_CONFIG, E_UNKNOWN_SERVICE. */
export function chooseServices(session: Session, options: EstimateOptions): ChosenServices {
  if (options.type === 'service' && options.services.length === 0) {
    throw new BackupError('E_USAGE', '--type service needs a selection', 'name services with --services a,b')
  }
  if (options.paths.length > 0) {
    if (options.services.length > 0)
      throw new BackupError(
        'E_USAGE',
        'PATHs and --services cannot stand together',
        'paths form a service of their own; leave one of the two out',
      )
    const { exclude, excludeCaches, oneFileSystem } = options
    const paths = [...new Set(options.paths.map((path) => session.absolute(path)))]
    return {
      services: [
        {
          name: pathsService,
          type: 'files',
          paths,
          exclude,
          volumes: [],
          excludeCaches,
          oneFileSystem,
          fixedBlocks: fixedBlockDefaults,
        },
      ],
      warnings: [],
    }
  }
  const configured = session.parts.configured.services
  if (configured.length === 0) {
    throw new BackupError(
      'E_USAGE',
      'there is nothing to back up: no PATH was given and no services are configured',
      'give a path, as in: holdfast create /etc, or write services into backup_config.json',
    )
  }
  const chosen =
    options.services.length === 0 ? configured : options.services.map((name) => configuredService(configured, name))
  const wanted = chosen.filter((service) => !(options.withoutVolumes && isAllVolumes(service)))
  const services = wanted.filter((service) => service.problem === null).map((service) => requestOf(service, options))
  if (wanted.length === 0) {
    throw new BackupError(
      'E_USAGE',
      `without data volumes nothing is left of ${chosen.map(({ name }) => name).join(', ')}`,
      'leave out --no-volumes, or choose other services',
    )
  }
  if (services.length === 0) {
    throw new BackupError(
      'E_UNSUPPORTED',
      `none of the services can be backed up yet: ${wanted.map(({ name, problem }) => `${name}: ${problem}`).join('; ')}`,
      'configure a service of type files',
    )
  }
  return {
    services,
    warnings: wanted.flatMap(({ name, problem }) =>
      problem === null ? [] : [`service ${name} was not backed up: ${problem}`],
    ),
  }
}

function configuredService(configured: readonly ServiceSettings[], name: string): ServiceSettings {
  const found = configured.find((service) => service.name === name)
  if (found !== undefined) return found
  const names = configured.map((service) => service.name)
  const near = nearest(name, names)
  throw new BackupError(
    'E_UNKNOWN_SERVICE',
    `there is no service '${name}'`,
    near === null ? `there are: ${names.join(', ')}` : `did you mean '${near}'?`,
  )
}

function isAllVolumes({ type, includePaths, volumePaths }: ServiceSettings): boolean {
  const outside = includePaths.filter((path) => !volumePaths.some((volume) => isWithin(path, volume)))
  return type === 'docker_volume' || (type === 'files' && outside.length === 0)
}

/** Volumes that are left out are patterns like any other: the archive names them. */
function pathsOf(
  { includePaths, volumePaths, excludePatterns }: ServiceSettings,
  { exclude, withoutVolumes }: EstimateOptions,
): Pick<ServiceRequest, 'paths' | 'exclude' | 'volumes'> {
  const volumes = volumePaths.map(patternOf)
  if (!withoutVolumes)
    return { paths: [...includePaths, ...volumePaths], exclude: [...excludePatterns, ...exclude], volumes }
  const paths = includePaths.filter((path) => !volumePaths.some((volume) => isWithin(path, volume)))
  return { paths, exclude: [...excludePatterns, ...exclude, ...volumes], volumes }
}

/** The gitignore pattern of one path and nothing else. */
function patternOf(path: BytePath): string {
  return Buffer.from(path, 'latin1')
    .toString()
    .replace(/[\\*?[\]!#]|\s$/g, '\\$&')
}

function requestOf(service: ServiceSettings, options: EstimateOptions): ServiceRequest {
  if (!(service.type in sources))
    throw new BackupError('E_INTERNAL', `service ${service.name} has a type without a source`)
  return {
    name: service.name,
    type: service.type as SourceType, // looked up in the registry above
    ...pathsOf(service, options),
    excludeCaches: service.excludeCaches || options.excludeCaches,
    oneFileSystem: service.oneFileSystem || options.oneFileSystem,
    fixedBlocks: service.fixedBlocks,
  }
}

export function chooseCompression(session: Session, options: Pick<CreateOptions, 'compression'>): CompressionLevel {
  const { algorithm, levels } = session.parts.configured.settings.compression
  const compression = options.compression ?? algorithm
  const level = compression === 'none' ? null : levels[compression]
  return { compression, level: level ?? defaultLevel[compression] }
}

/** Bytes of the newest backup of the same configured services; PATHs are others every time. */
export function expectedBytes(backups: readonly CatalogEntry[], services: readonly ServiceRequest[]): number | null {
  const wanted = services
    .map(({ name }) => name)
    .sort()
    .join(',')
  if (services.some(({ name }) => name === pathsService)) return null
  return (
    backups.find((entry) => entry.missing !== true && [...entry.services].sort().join(',') === wanted)?.bytes ?? null
  )
}
