import type { Root } from '../../model/archive.ts'
import { BackupError } from '../../model/errors.ts'
import {
  type BytePath,
  displayPath,
  isWithin,
  joinPath,
  nameOf,
  parentOf,
  pathFromJson,
  rootPath,
  storedPathOf,
} from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { PlanHeader } from '../../model/restore-plan.ts'
import { explainIo } from '../platform/explain-io.ts'

/** Where stored paths lie on disk: those below `prefix` lie below the directory `base`, a path without symlinks. */
export interface Place {
  readonly prefix: BytePath
  readonly base: BytePath
}

export type RestoreTarget = { readonly kind: 'directory'; readonly path: BytePath } | { readonly kind: 'in-place' }

export interface Places {
  readonly places: readonly Place[]
  /** The target's top does not exist yet. */
  readonly targetIsNew: boolean
  /** Stored paths that are, or lie above, a place: symlinks there have been followed. */
  readonly followed: ReadonlySet<BytePath>
  /** Stored paths that would lie inside the repository. */
  readonly forbidden: readonly BytePath[]
}

/**
 * Finds where a restore goes. Symlinks above the target, or above the paths that were backed up, are followed here,
 * once; from then on none is.
 *
 * @throws E_TARGET where the target is no directory, or lies inside the repository.
 */
export function findPlaces(
  files: Files,
  target: RestoreTarget,
  roots: readonly Root[],
  repositoryRoot: BytePath,
): Places {
  const repository = realPathOfNearest(files, repositoryRoot)
  const repositoryPath = withRest(repository.base, repository.rest)
  const places = target.kind === 'directory' ? [placeOfTarget(files, target.path)] : placesOfSources(files, roots)
  if (target.kind === 'directory') refuseRepository(files, target.path, places[0] as Place, repositoryPath)
  const followed = new Set<BytePath>()
  for (const { prefix } of places) for (let at = prefix; at !== ''; at = parentOf(at)) followed.add(at)
  return {
    places,
    followed,
    targetIsNew: target.kind === 'directory' && files.status((places[0] as Place).base) === undefined,
    forbidden: places.flatMap(({ prefix, base }) => {
      if (isBelow(base, repositoryPath)) return [prefix]
      if (!isBelow(repositoryPath, base)) return []
      return [joinPath(prefix, storedPathOf(repositoryPath.slice(base.length) as BytePath))]
    }),
  }
}

/** Those a plan was made for. */
export function placesOf({ places }: Pick<PlanHeader, 'places'>): Place[] {
  return places.map(({ prefix, base }) => ({ prefix: pathFromJson(prefix), base: pathFromJson(base) }))
}

/** The place a stored directory belongs to: the one with the longest prefix. */
export function placeOf<P extends Place>(places: readonly P[], directory: BytePath): P {
  let best: P | undefined
  for (const place of places) {
    if (isWithin(directory, place.prefix) && place.prefix.length >= (best?.prefix.length ?? 0)) best = place
  }
  if (best === undefined) throw new BackupError('E_INTERNAL', 'a plan has no place for the top of its target')
  return best
}

/** Where a stored path lies on disk, for messages and for what asks about file systems. */
export function pathOnDisk(places: readonly Place[], path: BytePath): BytePath {
  const { prefix, base } = placeOf(places, parentOf(path))
  return withRest(base, storedPathOf(path.slice(prefix.length) as BytePath))
}

/** The nearest directory that exists at or above a path, without symlinks, and what follows it. */
export function realPathOfNearest(files: Files, path: BytePath): { base: BytePath; rest: BytePath } {
  let rest = rootPath
  for (let at = path; ; at = aboveOf(at)) {
    const status = statusFollowing(files, at)
    if (status !== undefined || at === '/') {
      if (status !== undefined && status.type !== 'directory' && rest !== '') throw notADirectory(at)
      return { base: realPath(files, at), rest }
    }
    if (files.status(at) !== undefined) throw notADirectory(at)
    rest = rest === '' ? nameOf(at) : joinPath(nameOf(at), rest)
  }
}

function placeOfTarget(files: Files, path: BytePath): Place {
  const status = statusFollowing(files, path)
  if (status !== undefined && status.type !== 'directory') throw notADirectory(path)
  const { base, rest } = realPathOfNearest(files, path)
  return { prefix: rootPath, base: withRest(base, rest) }
}

/** In place: everything lies below /, but for what was backed up through a symlink. */
function placesOfSources(files: Files, roots: readonly Root[]): Place[] {
  const places = new Map<BytePath, Place>([[rootPath, { prefix: rootPath, base: '/' as BytePath }]])
  for (const root of roots) {
    for (const source of root.source.paths) {
      let prefix = parentOf(storedPathOf(pathFromJson(source)))
      while (prefix !== '' && statusFollowing(files, `/${prefix}` as BytePath)?.type !== 'directory')
        prefix = parentOf(prefix)
      if (places.has(prefix)) continue
      const base = realPath(files, `/${prefix}` as BytePath)
      // Where no symlink was met, the place of / holds it as well.
      if (base !== `/${prefix}`) places.set(prefix, { prefix, base })
    }
  }
  return [...places.values()]
}

function refuseRepository(files: Files, path: BytePath, { base }: Place, repository: BytePath): void {
  let inside = isBelow(base, repository)
  const own = files.status(repository)
  // By another name, through a bind mount, it is the repository all the same.
  for (let at = base; own !== undefined && !inside && at !== '/'; at = aboveOf(at)) {
    const status = files.status(at)
    inside = status !== undefined && status.inode === own.inode && status.device === own.device
  }
  if (!inside) return
  throw new BackupError(
    'E_TARGET',
    `the target ${displayPath(path)} lies inside the repository`,
    'choose a directory outside the repository',
  )
}

function notADirectory(path: BytePath): BackupError {
  return new BackupError('E_TARGET', `${displayPath(path)} is not a directory`, 'choose another target')
}

function statusFollowing(files: Files, path: BytePath): FileStatus | undefined {
  try {
    return files.statusFollowing(path)
  } catch (error) {
    throw explainIo(error, 'look at', path)
  }
}

function realPath(files: Files, path: BytePath): BytePath {
  try {
    return files.realPath(path)
  } catch (error) {
    throw explainIo(error, 'resolve', path)
  }
}

/** The directory an absolute path lies in. */
export function aboveOf(path: BytePath): BytePath {
  const parent = parentOf(path.replace(/\/+$/, '') as BytePath)
  return parent === '' ? ('/' as BytePath) : parent
}

function withRest(base: BytePath, rest: BytePath): BytePath {
  return rest === '' ? base : joinPath(base, rest)
}

function isBelow(path: BytePath, ancestor: BytePath): boolean {
  return ancestor === '/' || isWithin(path, ancestor)
}
