import { nearest } from '../model/configuration-keys.ts'
import { parseCron } from '../model/cron.ts'
import { BackupError } from '../model/errors.ts'
import { pathFromText, printable } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import {
  cleanupScheduleId,
  damagedSchedules,
  isDrill,
  type ListedSchedule,
  type Schedule,
  type ScheduleDraft,
  type ScheduleListing,
  type Schedules,
  scheduleSchema,
} from '../model/schedule.ts'
import { configuredCleanup, configuredSchedules, placeOfSchedule } from './plan/configured-schedules.ts'
import { policyFrom } from './plan/retention-policy.ts'
import { openZone } from './plan/zone.ts'
import type { Session } from './session.ts'

/** What is to be done again and again: schedules.json, and beside it what the configuration asks for. */

/** @throws E_NO_REPOSITORY, E_DAMAGED where schedules.json cannot be read. */
export async function listSchedules(session: Session): Promise<ScheduleListing> {
  const { services, settings } = session.parts.configured
  return {
    schedules: await allSchedules(session),
    zone: settings.timeZone,
    services: services.map(({ name, rpoHours, hasRpo }) => ({ name, rpoHours: hasRpo ? rpoHours : null })),
  }
}

/** Those of schedules.json first. What stands there goes before what the configuration asks for under the same id. */
export async function allSchedules(session: Session): Promise<ListedSchedule[]> {
  const found = await readSchedules(session)
  return listed(session, found, askedSchedules(session))
}

/** The same, and the cleanup as a schedule of its own (`cleanupScheduleId`) where a policy lets anything go. */
export async function scheduledWithCleanup(session: Session): Promise<ListedSchedule[]> {
  const found = await readSchedules(session)
  return listed(session, found, [...askedSchedules(session), ...askedCleanup(session, found.schedules)])
}

/** Those of the configuration, the cleanup too, as if none had ever run. */
export function configuredListing(session: Session): ListedSchedule[] {
  return listed(session, { schedules: [] }, [...askedSchedules(session), ...askedCleanup(session, [])])
}

function listed(
  session: Session,
  { schedules: own, configured = {} }: Pick<Schedules, 'schedules' | 'configured'>,
  allAsked: readonly ScheduleDraft[],
): ListedSchedule[] {
  const asked = allAsked.filter(({ id }) => own.every((schedule) => schedule.id !== id))
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
        ...placed(session, schedule.id),
      }
    }),
  ]
}

export async function saveSchedule(session: Session, draft: ScheduleDraft, as: 'new' | 'changed'): Promise<Schedule> {
  const now = new Date(session.world.clock.now()).toISOString()
  const own = await ownSchedules(session)
  const store = session.parts.schedulesOf(session.repository())
  if (as === 'new') {
    const schedule = checkNew(session, own, draft)
    await store.add(schedule)
    return schedule
  }
  const schedule = checked(session, { ...draft, createdAt: now, lastRuns: [] })
  requireOwn(session, own, draft.id, 'change it there')
  if (schedule.enabled) refuseNever(schedule)
  return store.change(draft.id, (before) => {
    const hasOtherTimes = before.cron !== schedule.cron || before.tz !== schedule.tz
    // What is known and was left out is not wanted any more; what a later version has added stays.
    const { createdAt, lastRuns, activeSince: _a, compression: _c, retention: _r, drill: _d, ...rest } = before
    return { ...rest, ...schedule, createdAt, lastRuns, ...sinceOf(before, schedule.enabled, hasOtherTimes, now) }
  })
}

/** Lets one of schedules.json run by itself, or rest. */
export async function enableSchedule(
  session: Session,
  id: string,
  enabled: boolean,
): Promise<{ readonly schedule: Schedule; readonly changed: boolean }> {
  const now = new Date(session.world.clock.now()).toISOString()
  const own = await ownSchedules(session)
  requireOwn(session, own, id, `change it there: "enabled": ${enabled} in the file, or BACKUP_…_ENABLED=${enabled}`)
  let changed = false
  const schedule = await session.parts.schedulesOf(session.repository()).change(id, (before) => {
    if (enabled) refuseNever(before)
    changed = before.enabled !== enabled
    return { ...before, enabled, ...sinceOf(before, enabled, false, now) }
  })
  return { schedule, changed }
}

/** Instants that passed while it was off, or had other times, were not missed. */
function sinceOf(
  before: Schedule,
  enabled: boolean,
  hasOtherTimes: boolean,
  now: string,
): Pick<Schedule, 'activeSince'> {
  const since = enabled && (!before.enabled || hasOtherTimes) ? now : before.activeSince
  return since === undefined ? {} : { activeSince: since }
}

export async function removeSchedule(session: Session, id: string): Promise<Schedule> {
  requireOwn(session, await ownSchedules(session), id, 'take it out there')
  return session.parts.schedulesOf(session.repository()).forget(id)
}

function askedCleanup({ parts }: Session, own: readonly Schedule[]): ScheduleDraft[] {
  const { sources } = parts.configured
  const asked = configuredCleanup(sources, policyFrom(sources, own))
  if (asked === null) return []
  const times = { ...asked, if_missed: 'run-once', jitter_seconds: 0, enabled: true } as const
  return [{ id: cleanupScheduleId, name: 'cleanup', type: 'full', services: [], ...times }]
}

function askedSchedules({ parts }: Session): readonly ScheduleDraft[] {
  return configuredSchedules(parts.configured.sources)
}

export async function ownSchedules(session: Session): Promise<readonly Schedule[]> {
  return (await readSchedules(session)).schedules
}

async function readSchedules(session: Session): Promise<Pick<Schedules, 'schedules' | 'configured'>> {
  const found = await session.parts.schedulesOf(session.repository()).read()
  if (found.state === 'ok') return found.value
  if (found.state === 'absent') return { schedules: [] }
  throw damagedSchedules(found.why)
}

/** @throws E_USAGE for one of the configuration, where nothing can be changed from here. */
function refuseConfigured(session: Session, own: readonly Schedule[], id: string, hint: string): void {
  if (own.some((schedule) => schedule.id === id)) return
  if (askedSchedules(session).every((schedule) => schedule.id !== id)) return
  const { place } = placed(session, id)
  throw new BackupError('E_USAGE', `the schedule ${printable(id)} stands in the configuration: ${place}`, hint)
}

/** @throws E_USAGE for one of the configuration, E_UNKNOWN_ID. */
export function requireOwn(session: Session, own: readonly Schedule[], id: string, hint: string): void {
  refuseConfigured(session, own, id, hint)
  if (own.every((schedule) => schedule.id !== id)) throw unknownSchedule(id, [...own, ...askedSchedules(session)])
}

export function unknownSchedule(id: string, known: readonly Pick<Schedule, 'id'>[]): BackupError {
  const near = nearest(
    id,
    known.map((schedule) => schedule.id),
  )
  return new BackupError(
    'E_UNKNOWN_ID',
    `no schedule has the id ${printable(id)}`,
    near === null ? 'run: holdfast schedule list' : `did you mean ${near}?`,
  )
}

function placed({ parts }: Session, id: string): { readonly place?: string } {
  const place = placeOfSchedule(parts.configured.sources, id)
  return place === null ? {} : { place }
}

/**
 * A draft as it would be added beside those of schedules.json.
 *
 * @throws E_USAGE, E_UNKNOWN_SERVICE.
 */
export function checkNew(session: Session, own: readonly Schedule[], draft: ScheduleDraft): Schedule {
  const createdAt = new Date(session.world.clock.now()).toISOString()
  const schedule = checked(session, { ...draft, createdAt, lastRuns: [] })
  refuseNever(schedule)
  refuseConfigured(session, own, schedule.id, 'choose another name')
  return schedule
}

function refuseNever({ cron }: Schedule): void {
  const reading = parseCron(cron)
  if (reading.kind === 'problem' || reading.cron.neverFires === null) return
  throw new BackupError('E_USAGE', `cron: ${printable(cron)} ${reading.cron.neverFires}`, 'choose days that there are')
}

/** @throws E_USAGE, E_UNKNOWN_SERVICE, E_TARGET. */
function checked({ parts, world }: Session, schedule: Schedule): Schedule {
  requireZone(schedule.tz)
  const read = scheduleSchema.safeParse(schedule)
  if (!read.success) {
    const issue = read.error.issues[0]
    const where = issue === undefined || issue.path.length === 0 ? 'the schedule' : issue.path.join('.')
    throw new BackupError('E_USAGE', `${where}: ${issue?.message ?? 'is wrong'}`, 'correct it, and save again')
  }
  if (schedule.type === 'service' && schedule.services.length === 0)
    throw new BackupError(
      'E_USAGE',
      'services: the type service needs a selection',
      'name services, or choose type full',
    )
  if (isDrill(schedule)) requireDrill(world.files, schedule)
  else if (schedule.drill !== undefined)
    throw new BackupError('E_USAGE', 'drill: this schedule makes backups', 'leave that out, or choose type drill')
  const names = parts.configured.services.map(({ name }) => name)
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

/** @throws E_USAGE, E_TARGET. */
function requireDrill(files: Files, { compression, retention, drill }: Schedule): void {
  if (compression !== undefined || retention !== undefined)
    throw new BackupError('E_USAGE', 'a drill makes no backup', 'leave out how to compress it, and what to keep')
  if (drill?.check?.command.trim() === '')
    throw new BackupError('E_USAGE', 'the check is empty', 'name a command, or leave the check out')
  const scratch = drill?.scratch
  if (scratch === undefined || files.statusFollowing(pathFromText(scratch))?.type === 'directory') return
  throw new BackupError('E_TARGET', `${printable(scratch)} is no directory`, 'name one that is there')
}

function requireZone(name: string): void {
  try {
    openZone(name)
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    throw new BackupError('E_USAGE', `tz: ${error.message}`, error.hint)
  }
}
