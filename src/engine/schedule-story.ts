import { BackupError } from '../model/errors.ts'
import { displayPath, pathToText } from '../model/path.ts'
import {
  type AddedSchedule,
  type DescribedSchedule,
  isDrill,
  type ListedSchedule,
  type Schedule,
  type ScheduleDraft,
  type ScheduleWish,
} from '../model/schedule.ts'
import { freeScheduleId, scheduleIdOf } from '../model/schedule-id.ts'
import { ensureRepository } from './init-story.ts'
import { configuredSchedules } from './plan/configured-schedules.ts'
import { bothClocksText, readTimes, warningsOf } from './plan/schedule-times.ts'
import { isRepository } from './repository.ts'
import { readRun } from './run-log.ts'
import {
  allSchedules,
  checkNew,
  listSchedules,
  ownSchedules,
  saveSchedule,
  enableSchedule as setEnabled,
} from './schedules.ts'
import type { Session } from './session.ts'

/** Schedules as the command line shows and makes them: with what their times mean. */

const shownRuns = 5

export async function describeSchedules(session: Session): Promise<readonly DescribedSchedule[]> {
  return (await allSchedules(session)).map((listed) => described(session, listed))
}

export async function addSchedule(session: Session, wish: ScheduleWish): Promise<AddedSchedule> {
  const { world, root, parts } = session
  const own = isRepository(world.files, root) ? await ownSchedules(session) : []
  const draft = draftOf(session, wish, own)
  checkNew(session, own, draft) // before anything is made, a repository least of all
  await ensureRepository(session)
  const schedule = await saveSchedule(session, draft, 'new')
  const warnings = warningsOf(schedule, await listSchedules(session), world.clock.now())
  if (parts.configured.services.length === 0 && !isDrill(schedule))
    warnings.push('no services are configured: there is nothing to back up yet')
  return { schedule: described(session, { schedule, origin: 'schedules.json' }), warnings }
}

export async function enableSchedule(
  session: Session,
  id: string,
  enabled: boolean,
): Promise<{ readonly schedule: DescribedSchedule; readonly changed: boolean }> {
  const { schedule, changed } = await setEnabled(session, id, enabled)
  return { schedule: described(session, { schedule, origin: 'schedules.json' }), changed }
}

/** An id that nobody chose must not be in anybody's way; one that comes from a name says when the name is taken. */
function draftOf(session: Session, { name, tz, ...wish }: ScheduleWish, own: readonly Schedule[]): ScheduleDraft {
  const { settings, sources } = session.parts.configured
  const derived = scheduleIdOf({ ...wish, name: name ?? '' })
  const taken = [...own, ...configuredSchedules(sources)].map((schedule) => schedule.id)
  const id = name === null ? freeScheduleId(derived, taken) : derived
  return { ...wish, ...fromAnywhere(session, wish), id, name: name ?? id, tz: tz ?? settings.timeZone, enabled: true }
}

/** A daemon runs it, wherever that was started. */
function fromAnywhere(session: Session, { drill }: Pick<ScheduleWish, 'drill'>): Pick<ScheduleDraft, 'drill'> {
  const scratch = drill?.scratch
  if (drill === undefined || scratch === undefined) return {}
  const absolute = session.absolute(scratch)
  return { drill: { ...drill, scratch: pathToText(absolute) ?? displayPath(absolute) } }
}

function described(session: Session, listed: ListedSchedule): DescribedSchedule {
  const { schedule } = listed
  const times = readTimes(schedule, session.world.clock.now(), shownRuns)
  const last = lastOf(session, schedule)
  if (times.kind === 'problem') return { ...listed, words: times.message, next: [], last } // the schema has refused it
  const next = schedule.enabled ? times.next : []
  return {
    ...listed,
    words: times.words,
    next: next.map((at) => ({ at: new Date(at).toISOString(), text: bothClocksText(at, schedule.tz) })),
    last,
  }
}

/** What is noted of its last run, or what that run's own log says. */
function lastOf(session: Session, { lastRuns: [last] }: Schedule): DescribedSchedule['last'] {
  if (last === undefined) return null
  if (last.outcome !== null) return last.outcome
  try {
    return readRun(session.world.files, session.repository(), last.run).state
  } catch (error) {
    if (error instanceof BackupError && error.code === 'E_UNKNOWN_ID') return 'died' // before it had a log
    throw error
  }
}
