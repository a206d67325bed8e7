import type { ServiceSettings } from '../model/configuration.ts'
import { nearest } from '../model/configuration-keys.ts'
import { BackupError } from '../model/errors.ts'
import { printable } from '../model/path.ts'
import {
  damagedSchedules,
  type ListedSchedule,
  type RunEnd,
  type Schedule,
  type ScheduleDraft,
  type ScheduleListing,
  type ScheduleRun,
  type Schedules,
  scheduleSchema,
} from '../model/schedule.ts'
import { configuredSchedules } from './plan/configured-schedules.ts'
import type { Session } from './session.ts'

/** What is to be done again and again: schedules.json, and beside it what the configuration asks for. */

/** What the engine needs of the store of schedules; handed in by the composition root. */
export interface SchedulesPort {
  read(): Promise<
    | { readonly state: 'ok'; readonly value: Pick<Schedules, 'schedules' | 'configured'> }
    | { readonly state: 'absent' }
    | { readonly state: 'damaged'; readonly why: string }
  >
  add(schedule: Schedule): Promise<void>
  change(id: string, change: (schedule: Schedule) => Schedule): Promise<Schedule>
  forget(id: string): Promise<Schedule>
  knowConfigured(asked: readonly Pick<Schedule, 'id' | 'cron' | 'tz'>[], since: string): Promise<void>
  noteRun(id: string, run: ScheduleRun): Promise<boolean>
  noteRetry(id: string, before: string, run: ScheduleRun): Promise<void>
  noteOutcome(id: string, run: string, outcome: RunEnd): Promise<void>
  strikeRuns(id: string, runs: readonly string[]): Promise<void>
}

/** @throws E_NO_REPOSITORY, E_DAMAGED where schedules.json cannot be read. */
export async function listSchedules(session: Session): Promise<ScheduleListing> {
  const { services, settings } = session.parts.configured
  return {
    schedules: await allSchedules(session),
    zone: settings.timeZone,
    services: services.map(({ name, rpoHours }) => ({ name, rpoHours })),
  }
}

/** Those of schedules.json first. What stands there goes before what the configuration asks for under the same id. */
export async function allSchedules(session: Session): Promise<ListedSchedule[]> {
  const { schedules: own, configured = {} } = await readSchedules(session)
  const asked = askedSchedules(session).filter(({ id }) => own.every((schedule) => schedule.id !== id))
  const now = new Date(session.world.clock.now()).toISOString()
  return [
    ...own.map((schedule) => ({ schedule, origin: 'schedules.json' as const })),
    ...asked.map((schedule) => {
      const note = Object.hasOwn(configured, schedule.id) ? configured[schedule.id] : undefined
      // Of other times than it has now: then nobody has run it since, and it begins now.
      const since = note?.cron === schedule.cron && note.tz === schedule.tz ? note.since : now
      return {
        schedule: { ...schedule, createdAt: since, lastRuns: note?.lastRuns ?? [] },
        origin: 'configuration' as const,
      }
    }),
  ]
}

export async function saveSchedule(session: Session, draft: ScheduleDraft, as: 'new' | 'changed'): Promise<Schedule> {
  const { clock } = session.world
  const now = new Date(clock.now()).toISOString()
  const schedule = checked({ ...draft, createdAt: now, lastRuns: [] }, session.parts.configured.services)
  const store = session.parts.schedulesOf(session.repository())
  if (as === 'new') {
    refuseConfigured(session, await ownSchedules(session), draft.id)
    await store.add(schedule)
    return schedule
  }
  const own = await ownSchedules(session)
  refuseConfigured(session, own, draft.id)
  return store.change(draft.id, (before) => {
    const { createdAt, lastRuns, activeSince } = before
    // Instants that passed while it was off, or had other times, were not missed.
    const anew = schedule.enabled && (!before.enabled || before.cron !== schedule.cron || before.tz !== schedule.tz)
    const since = anew ? now : activeSince
    return { ...before, ...schedule, createdAt, lastRuns, ...(since === undefined ? {} : { activeSince: since }) }
  })
}

export async function removeSchedule(session: Session, id: string): Promise<Schedule> {
  refuseConfigured(session, await ownSchedules(session), id)
  return session.parts.schedulesOf(session.repository()).forget(id)
}

function askedSchedules({ parts }: Session): readonly ScheduleDraft[] {
  return configuredSchedules(parts.configured.sources)
}

async function ownSchedules(session: Session): Promise<readonly Schedule[]> {
  return (await readSchedules(session)).schedules
}

async function readSchedules(session: Session): Promise<Pick<Schedules, 'schedules' | 'configured'>> {
  const found = await session.parts.schedulesOf(session.repository()).read()
  if (found.state === 'ok') return found.value
  if (found.state === 'absent') return { schedules: [] }
  throw damagedSchedules(found.why)
}

function refuseConfigured(session: Session, own: readonly Schedule[], id: string): void {
  if (own.some((schedule) => schedule.id === id)) return
  if (askedSchedules(session).every((schedule) => schedule.id !== id)) return
  throw new BackupError(
    'E_USAGE',
    `the schedule ${printable(id)} stands in the configuration`,
    'change it in backup_config.json or in the environment, or choose another id',
  )
}

/** @throws E_USAGE, E_UNKNOWN_SERVICE. */
function checked(schedule: Schedule, services: readonly ServiceSettings[]): Schedule {
  const read = scheduleSchema.safeParse(schedule)
  if (!read.success) {
    const issue = read.error.issues[0]
    const where = issue === undefined || issue.path.length === 0 ? 'the schedule' : issue.path.join('.')
    throw new BackupError('E_USAGE', `${where}: ${issue?.message ?? 'is wrong'}`, 'correct it, and save again')
  }
  const names = services.map(({ name }) => name)
  for (const service of schedule.services) {
    if (names.includes(service)) continue
    const near = nearest(service, names)
    throw new BackupError(
      'E_UNKNOWN_SERVICE',
      `no service '${printable(service)}' is configured`,
      near === null ? `there are: ${names.join(', ') || 'none'}` : `did you mean '${near}'?`,
    )
  }
  return read.data
}
