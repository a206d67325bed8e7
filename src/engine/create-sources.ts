import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, isWithin } from '../model/path.ts'
import { explainIo } from './platform/explain-io.ts'
import { type Repository, repositoryIdentity, type World } from './repository.ts'
import type { Run } from './run.ts'
import type { ServiceRequest } from './service-request.ts'
import { sources } from './sources/registry.ts'

const countingMs = 2000

/** A PATH that is not there is a mistake of the request, found before anything is made. */
export function requireSources(world: World, services: readonly ServiceRequest[]): void {
  for (const { paths } of services) {
    for (const path of paths) {
      let found: boolean
      try {
        found = world.files.status(path) !== undefined
      } catch (error) {
        throw explainIo(error, 'look at', path)
      }
      if (!found)
        throw new BackupError(
          'E_SOURCE_MISSING',
          `${displayPath(path)} does not exist`,
          'nothing was backed up; give a path that exists',
        )
    }
  }
}

/** A link is stored as a link: whoever names one may have meant what it leads to. */
export function noteLinks(world: World, services: readonly ServiceRequest[], run: Run): void {
  const paths = services.flatMap((service) => service.paths)
  for (const path of paths) {
    if (world.files.status(path)?.type !== 'symlink') continue
    let real: BytePath
    try {
      real = world.files.realPath(path)
    } catch {
      continue // it leads nowhere, and hides nothing
    }
    if (paths.some((other) => isWithin(real, other))) continue
    const message = `${displayPath(path)} is a symbolic link and stored as one; ${displayPath(real)} is not in the backup`
    run.tell({ kind: 'notice', message })
  }
}

/** Bytes of all services, for the time left; null where counting takes longer than anybody wants to wait for it. */
export async function countSources(
  { files, clock }: World,
  { root }: Repository,
  services: readonly ServiceRequest[],
  run: Run,
): Promise<number | null> {
  run.tell({ kind: 'phase', phase: 'counting' })
  const until = clock.elapsed() + countingMs
  const repository = repositoryIdentity(files, root)
  const context = { signal: run.signal, warn: () => {}, skip: () => {} }
  let bytes = 0
  for (const service of services) {
    for await (const entries of sources[service.type](files, { ...service, repository }).scan(context)) {
      for (const { type, attributes } of entries) bytes += type === 'file' ? attributes.sizeBytes : 0
      if (clock.elapsed() > until) return null
    }
    run.signal.throwIfAborted()
  }
  return bytes
}
