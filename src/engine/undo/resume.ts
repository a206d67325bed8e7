import { BackupError } from '../../model/errors.ts'
import { pathFromJson, printable } from '../../model/path.ts'
import type { PlanHeader } from '../../model/restore-plan.ts'
import { jsonPath } from '../archive/toc-pages.ts'
import type { PlanningGround } from '../planning.ts'
import { choicesOf } from '../restore/plan-file.ts'
import { choicesInOrder } from '../restore/plan-header.ts'
import { prepareRestore } from '../restore/prepare.ts'
import type { RestorePlan, RestoreRequest } from '../restore/request.ts'
import { selectAsked, selectLast } from '../restore/select-paths.ts'
import { ChangedPaths } from './changed-paths.ts'
import { chooseRecord } from './choose-record.ts'
import { attemptsOf, isUnderWay, readRecords, type UndoRecord } from './record.ts'

/** Going on with a restore that was interrupted: under its own id, and without writing again what is right already. */

type Asked = Omit<RestoreRequest, 'select'>

/**
 * The plan that goes on with an interrupted restore that was asked for in just this way; null where there is none. One
 * whose record is damaged must not stand in the way of restoring: `tell` hears that it is not gone on with.
 */
export async function continuing(
  ground: PlanningGround,
  request: Asked,
  tell: (note: string) => void,
): Promise<RestorePlan | null> {
  if (!request.saves) return null
  const { session, repository } = ground
  const { files } = session.world
  const words = wordsOfRequest(request)
  for (const record of readRecords(files, repository).records) {
    if (record.state !== 'restoring' || wordsOfHeader(first(record)) !== words) continue
    if (isUnderWay(files, repository, record.restore)) continue
    try {
      return await prepare(ground, record, request)
    } catch (error) {
      if (!(error instanceof BackupError) || error.code !== 'E_PLAN_ALTERED') throw error
      tell(`this is a new restore, and does not go on with an interrupted one: ${error.message}`)
    }
  }
  return null
}

/** Goes on with the restore of that id, or with the last one that was interrupted. @throws E_UNKNOWN_ID, E_USAGE. */
export async function planResumed(ground: PlanningGround, wanted: string | null): Promise<RestorePlan> {
  const { session, repository, opened, id } = ground
  const { world } = session
  const record = chooseRecord(session, repository, wanted, ['restoring'])
  if (record === null)
    throw new BackupError('E_UNKNOWN_ID', 'no restore was interrupted', 'holdfast undo lists restores')
  if (record.state !== 'restoring')
    throw new BackupError(
      'E_USAGE',
      `the restore ${printable(record.restore)} was not interrupted`,
      'there is nothing to go on with; holdfast undo lists restores',
    )
  const header = first(record)
  await opened.planned(header)
  return prepare(ground, record, {
    id,
    backup: header.backup,
    repositoryId: header.repositoryId,
    archives: opened.archives,
    repositoryRoot: repository.root,
    target: targetOf(header),
    asked: {
      patterns: header.paths ?? [],
      below: header.below === undefined ? null : pathFromJson(header.below),
      last: header.last ?? [],
    },
    conflict: header.conflict,
    choices: choicesOf(header),
    owners: header.owners ?? [],
    choice: header.chosen === undefined ? null : { chosen: header.chosen, notes: [] },
    deleteExtra: header.deleteExtra ?? false,
    saves: true,
    user: { uid: world.uid, gid: world.gid },
    now: new Date(world.clock.now()).toISOString(),
  })
}

async function prepare(ground: PlanningGround, record: UndoRecord, request: Asked): Promise<RestorePlan> {
  const { session, repository, pool, spoolPath, planKey, signal } = ground
  const { files } = session.world
  const changed = new ChangedPaths(files, attemptsOf(files, repository, record, planKey.key), 'stored')
  try {
    const earlier = {
      kind: 'gone-on-with',
      id: record.restore,
      attempts: record.attempts.length,
      changed,
      attemptOf: [],
    } as const
    const { asked } = request
    const selected = { ...request, select: selectAsked(asked), last: selectLast(asked), earlier }
    return await prepareRestore(files, pool, selected, spoolPath, { signal })
  } finally {
    changed.close()
  }
}

function first({ attempts }: UndoRecord): PlanHeader {
  return (attempts[0] as UndoRecord['attempts'][number]).header // a record has at least one
}

function targetOf({ target }: PlanHeader): RestoreRequest['target'] {
  return target.kind === 'in-place' ? target : { kind: 'directory', path: pathFromJson(target.path) }
}

/** What was asked for and of what, without what changes from one plan to the next. */
function wordsOfHeader(header: PlanHeader): string {
  const {
    target,
    paths = [],
    below = null,
    deleteExtra = false,
    last = [],
    conflict,
    choices = [],
    owners = [],
    uid,
  } = header
  const archives = header.archives.map(({ service, id, root }) => [service, id, root])
  return JSON.stringify([target, archives, paths, below, deleteExtra, last, conflict, choices, owners, uid])
}

function wordsOfRequest({ archives, target, asked, deleteExtra = false, conflict, choices, owners = [], user }: Asked) {
  return JSON.stringify([
    target.kind === 'in-place' ? target : { kind: 'directory', path: jsonPath(target.path) },
    archives.map(({ service, lineage: { top } }) => [service, top.root.id, top.rootSha256]),
    asked.patterns,
    asked.below === null ? null : jsonPath(asked.below),
    deleteExtra,
    asked.last,
    conflict,
    choicesInOrder(choices),
    owners,
    user.uid,
  ])
}
