import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, pathFromJson } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { sameState } from '../plan/restore-plan.ts'
import { explainIo } from '../platform/explain-io.ts'
import { letGo } from '../platform/let-go.ts'
import type { User } from './attributes.ts'
import { codeOf } from './look.ts'
import { OpenDirectories } from './open-directories.ts'
import { findPlaces, placesOf, type RestoreTarget } from './places.ts'
import type { RestoreArchive, RestorePlan } from './request.ts'
import { spoolLines } from './spool.ts'
import { decodeStep, type SpooledStep } from './step-line.ts'
import { openPlaces } from './target.ts'

const toldDrifts = 20
const planAnew = 'make the plan anew and look at what has changed'

export interface DriftRequest {
  readonly archives: readonly RestoreArchive[]
  readonly repositoryRoot: BytePath
  readonly user: User
}

/**
 * Looks again at everything a saved plan was made from, before anything is written: the archives, where the target's
 * paths lead, and what stands at every path.
 *
 * @throws E_PLAN_DRIFTED, which names the first paths that have changed and their number; E_IO.
 */
export function checkDrift(files: Files, plan: RestorePlan, request: DriftRequest): void {
  checkArchives(plan, request.archives)
  if (plan.header.uid !== request.user.uid)
    throw drifted(`the plan was made by the user with id ${plan.header.uid}`, 'apply it as that user, or make it anew')
  checkPlaces(files, plan, request)
  const drifts: BytePath[] = []
  let total = 0
  for (const path of changedPaths(files, plan)) {
    total++
    if (drifts.length < toldDrifts) drifts.push(path)
  }
  if (total === 0) return
  const more = total > drifts.length ? ` and ${total - drifts.length} more` : ''
  const noun = total === 1 ? 'path has' : 'paths have'
  throw drifted(
    `${total} ${noun} changed since the plan was made: ${drifts.map(displayPath).join(', ')}${more}`,
    planAnew,
  )
}

function* changedPaths(files: Files, { header, spoolPath }: RestorePlan): Generator<BytePath> {
  const places = placesOf(header)
  const isNew = places.length === 1 && places[0] !== undefined && files.status(places[0].base) === undefined
  if (isNew) return // then nothing can stand in it; checkPlaces has seen that it was new then too
  const open = openPlaces(files, places)
  const directories = new OpenDirectories(files, open)
  try {
    for (const batch of spoolLines(files, spoolPath)) {
      for (const line of batch) {
        const step = decodeStep(line.toString('utf8'))
        if (step.kind !== 'refuse' && !step.fresh && !stands(files, directories, step)) yield step.path
      }
    }
  } finally {
    directories.close()
    for (const { fd } of open) letGo(files, fd)
  }
}

function stands(files: Files, directories: OpenDirectories, step: SpooledStep): boolean {
  const path = step.as ?? step.path
  try {
    return sameState(step.replaces, files.status(directories.child(path)) ?? null)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return false
    throw explainIo(error, 'look at', path)
  }
}

function checkArchives({ header }: RestorePlan, archives: readonly RestoreArchive[]): void {
  header.archives.forEach(({ service, id, root, backup = header.backup }, at) => {
    const archive = archives[at]
    const same =
      archive?.service === service && archive.lineage.top.root.id === id && archive.lineage.top.rootSha256 === root
    if (!same) throw drifted(`the archive of ${service} in ${backup} is not the one the plan was made from`, planAnew)
  })
}

function checkPlaces(files: Files, { header }: RestorePlan, request: DriftRequest): void {
  const target: RestoreTarget =
    header.target.kind === 'in-place' ? header.target : { kind: 'directory', path: pathFromJson(header.target.path) }
  const roots = request.archives.map(({ lineage }) => lineage.top.root)
  const now = findPlaces(files, target, roots, request.repositoryRoot)
  const then = placesOf(header).map(({ prefix, base }) => `${prefix}\0${base}`)
  const found = now.places.map(({ prefix, base }) => `${prefix}\0${base}`)
  if (then.join('\0\0') !== found.join('\0\0'))
    throw drifted('the target is not where it was when the plan was made', planAnew)
  if (now.targetIsNew !== header.targetIsNew)
    throw drifted(`the target has been ${now.targetIsNew ? 'removed' : 'made'} since the plan was made`, planAnew)
}

function drifted(message: string, hint: string): BackupError {
  return new BackupError('E_PLAN_DRIFTED', message, hint)
}
