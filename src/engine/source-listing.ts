import type { ServiceSettings } from '../model/configuration.ts'
import type { BytePath } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import type { ConfiguredService, SourceListing, SourcePath } from '../model/source-listing.ts'
import { explainIo } from './platform/explain-io.ts'
import type { Session } from './session.ts'

/** What a create can be asked for. Only the paths themselves are looked at; there need not be a repository. */
export function listSources({ world, parts }: Session): SourceListing {
  const { services, settings } = parts.configured
  return {
    services: services.map((service) => serviceOf(world.files, service)),
    compression: settings.compression.algorithm,
    encrypted: settings.encryption.enabled,
  }
}

function serviceOf(files: Files, service: ServiceSettings): ConfiguredService {
  const { name, type, definedBy, excludePatterns, oneFileSystem, excludeCaches, rpoHours, problem } = service
  return {
    name,
    type,
    definedBy,
    paths: service.includePaths.map((path) => pathOf(files, path)),
    volumes: service.volumePaths.map((path) => pathOf(files, path)),
    exclude: excludePatterns,
    oneFileSystem,
    excludeCaches,
    rpoHours,
    problem,
  }
}

function pathOf(files: Files, path: BytePath): SourcePath {
  try {
    return { path, problem: files.status(path) === undefined ? 'does not exist' : null }
  } catch (error) {
    return { path, problem: explainIo(error, 'look at', path).message }
  }
}
