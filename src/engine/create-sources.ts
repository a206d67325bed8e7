import { setImmediate as turn } from 'node:timers/promises'
import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, isWithin } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import type { SourceContext, SourceEntry } from '../model/source.ts'
import { explainIo } from './platform/explain-io.ts'
import { type Repository, repositoryIdentity, type World } from './repository.ts'
import type { Run } from './run.ts'
import type { ServiceRequest } from './service-request.ts'
import type { FilesSettings } from './sources/files.ts'
import { ThreadedSource } from './walk/threaded-source.ts'

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
export function linkNotices(world: World, services: readonly ServiceRequest[]): string[] {
  const paths = services.flatMap((service) => service.paths)
  return paths.flatMap((path) => {
    if (world.files.status(path)?.type !== 'symlink') return []
    let real: BytePath
    try {
      real = world.files.realPath(path)
    } catch {
      return [] // it leads nowhere, and hides nothing
    }
    if (paths.some((other) => isWithin(real, other))) return []
    return [`${displayPath(path)} is a symbolic link and stored as one; ${displayPath(real)} is not in the backup`]
  })
}

/** How the source of a service is walked; `root` is the repository's, which is never part of a backup. */
export function walkSettings(files: Files, root: BytePath, service: ServiceRequest): FilesSettings {
  const { paths, exclude, excludeCaches, oneFileSystem } = service
  return { paths, exclude, excludeCaches, oneFileSystem, repository: repositoryIdentity(files, root) }
}

/**
 * Walks a service only to look at it, in a thread of its own: this one stays free for whoever waits here, also while a
 * slow disk answers. @throws E_INTERRUPTED as soon as the signal aborts.
 */
export async function* walkSource(
  { files, filesModule }: World,
  root: BytePath,
  service: ServiceRequest,
  context: SourceContext,
): AsyncGenerator<readonly SourceEntry[]> {
  const { signal } = context
  if (signal.aborted) throw interrupted()
  const thread = new ThreadedSource(filesModule, service.type, walkSettings(files, root, service))
  const abort = (): void => void thread.close()
  signal.addEventListener('abort', abort)
  try {
    for await (const entries of thread.scan(context)) {
      if (signal.aborted) break
      yield entries
      await turn() // the thread may be far ahead: others have their turn between
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', abort)
    await thread.close()
  }
  if (signal.aborted) throw interrupted()
}

/** Bytes of all services, for the time left; null where counting takes longer than anybody wants to wait for it. */
export async function countSources(
  world: World,
  { root }: Repository,
  services: readonly ServiceRequest[],
  run: Run,
): Promise<number | null> {
  run.tell({ kind: 'phase', phase: 'counting' })
  const until = world.clock.elapsed() + countingMs
  const context = { signal: run.signal, warn: () => {}, skip: () => {} }
  let bytes = 0
  for (const service of services) {
    for await (const entries of walkSource(world, root, service, context)) {
      for (const { type, attributes } of entries) bytes += type === 'file' ? attributes.sizeBytes : 0
      if (world.clock.elapsed() > until) return null
    }
  }
  return bytes
}

function interrupted(): BackupError {
  return new BackupError('E_INTERRUPTED', 'the counting was interrupted')
}
