import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import type { BytePath } from '../model/path.ts'
import type { PlannedRestore, RestoreOptions } from '../model/planned-restore.ts'
import { storedPathFromText } from './inspect.ts'
import { openPlanning, type Planning, type PlanningGround } from './planning.ts'
import { fileTime } from './restore/chosen-backups.ts'
import { checkDrift } from './restore/drift.ts'
import { ownerRulesOf } from './restore/owner-rules.ts'
import { loadPlan } from './restore/plan-file.ts'
import { prepareRestore } from './restore/prepare.ts'
import type { RestorePlan, RestoreRequest } from './restore/request.ts'
import { selectAsked, selectEverything, selectLast, watched } from './restore/select-paths.ts'
import type { Session } from './session.ts'
import { continuing, planResumed } from './undo/resume.ts'

/** A restore: planned, shown, and then done exactly as it was planned. */
export function planRestore(session: Session, options: RestoreOptions, during: During): Promise<PlannedRestore> {
  const { source } = options
  return openPlanning(session, during, options.workers, async (ground) => {
    if (source.kind === 'plan') return loadSaved(ground, source.file, source.ttlMs)
    if (source.kind === 'resume') return planResumed(ground, source.restore)
    const request = await requestOf(ground, source, options, null)
    const notes: string[] = []
    return (await continuing(ground, request, (note) => notes.push(note))) ?? prepare(ground, { ...request, notes })
  })
}

/** Where a drill restores to, and what of the repository it must not touch: its own place may lie in temp/. */
export interface RehearsalPlace {
  readonly path: BytePath
  readonly protected: BytePath
}

/** A restore by the same way that becomes part of another run. Whoever planned it drops it. */
export function planRehearsal(
  session: Session,
  options: Omit<RestoreOptions, 'target' | 'source'> & { readonly source: Asked },
  place: RehearsalPlace,
  during: During,
): Promise<Planning> {
  return openPlanning(session, during, options.workers, async (ground) =>
    prepare(ground, await requestOf(ground, options.source, { ...options, target: null, undo: false }, place)),
  )
}

type Asked = Exclude<RestoreOptions['source'], { kind: 'plan' | 'resume' }>

async function requestOf(
  { session, id, opened, planKey, repository }: PlanningGround,
  source: Asked,
  options: RestoreOptions,
  place: RehearsalPlace | null,
): Promise<Omit<RestoreRequest, 'select'>> {
  const { world } = session
  const owners = ownerRulesOf(world, options.owners ?? [])
  const { backup, choice } = await opened.choose(source)
  const { target } = options
  const inPlace = target?.kind === 'in-place'
  const path =
    target?.kind === 'directory'
      ? target.path
      : `restore-${choice?.chosen.by === 'at' ? `at-${fileTime(choice.chosen.at)}` : backup}`
  return {
    id,
    backup,
    repositoryId: planKey.repositoryId,
    archives: opened.archives,
    repositoryRoot: place?.protected ?? repository.root,
    target: inPlace ? { kind: 'in-place' } : { kind: 'directory', path: place?.path ?? session.absolute(path) },
    asked:
      source.kind === 'last'
        ? { patterns: [], below: storedPathFromText(source.path), last: options.last ?? [] }
        : { patterns: source.paths, below: null, last: options.last ?? [] },
    conflict: options.conflict ?? (inPlace ? 'overwrite' : 'keep'),
    choices: options.choices ?? new Map(),
    owners,
    choice,
    deleteExtra: options.deleteExtra ?? false,
    saves: options.undo ?? true,
    user: { uid: world.uid, gid: world.gid },
    now: new Date(world.clock.now()).toISOString(),
  }
}

async function prepare(ground: PlanningGround, request: Omit<RestoreRequest, 'select'>): Promise<RestorePlan> {
  const { patterns } = request.asked
  const selection = watched(selectAsked(request.asked))
  const { files } = ground.session.world
  const { pool, spoolPath, signal } = ground
  const last = watched(selectLast(request.asked) ?? selectEverything)
  const selected = { ...request, select: selection.select, last: request.asked.last.length === 0 ? null : last.select }
  const plan = await prepareRestore(files, pool, selected, spoolPath, { signal })
  if (patterns.length > 0 && !selection.hit() && plan.header.steps === 0) {
    throw new BackupError(
      'E_UNKNOWN_PATH',
      `nothing in ${request.choice === null ? request.backup : 'these backups'} matches ${patterns.join(', ')}`,
      `holdfast inspect ${request.backup} lists what it holds`,
    )
  }
  if (request.asked.last.length > 0 && !last.hit())
    throw new BackupError(
      'E_UNKNOWN_PATH',
      `no file that is restored matches --last ${request.asked.last.join(', ')}`,
      'nothing was written: name the file as the backup has it; holdfast inspect lists what that is',
    )
  return plan
}

async function loadSaved(ground: PlanningGround, file: string, ttlMs: number | null): Promise<RestorePlan> {
  const { session, opened, planKey, spoolPath, repository } = ground
  const { world } = session
  const now = new Date(world.clock.now()).toISOString()
  const request = { repositoryId: planKey.repositoryId, now, ...(ttlMs === null ? {} : { lifetimeMs: ttlMs }) }
  const plan = loadPlan(world.files, session.absolute(file), planKey.key, spoolPath, request)
  await opened.planned(plan.header)
  checkDrift(world.files, plan, {
    archives: opened.archives,
    repositoryRoot: repository.root,
    user: { uid: world.uid, gid: world.gid },
  })
  return plan
}
