import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import type { RunOutcome, ScheduleRun } from '../model/schedule.ts'
import type { ScheduledOutcome } from '../model/scheduled-run.ts'
import { acquireLock } from './platform/lock.ts'
import { newId } from './run.ts'
import { runWord } from './run-log.ts'
import { deedOf, scheduleLock } from './schedule-run.ts'
import { allSchedules, unknownSchedule } from './schedules.ts'
import type { SchedulesPort } from './schedules-port.ts'
import type { Session } from './session.ts'

/** What a schedule stands for, because a person asks for it now; noted before it starts, and when it has ended. */
export async function runSchedule(session: Session, id: string, during: During): Promise<ScheduledOutcome> {
  const { world, parts } = session
  const { files, clock, pid } = world
  const repository = session.repository()
  const store = parts.schedulesOf(repository)
  const all = await allSchedules(session)
  const listed = all.find(({ schedule }) => schedule.id === id)
  if (listed === undefined)
    throw unknownSchedule(
      id,
      all.map(({ schedule }) => schedule),
    )
  const { schedule, origin } = listed
  const run = during.run ?? newId(world, runWord(deedOf(schedule, clock.now()).kind))
  const since = new Date(clock.now()).toISOString()
  const holder = { pid, run, command: `schedule run ${id}`, since }
  const { signal } = during
  const lock = await acquireLock(files, scheduleLock(repository, id), { waitMs: 0, signal, holder, clock })
  try {
    if (origin === 'configuration') await store.knowConfigured([schedule], since)
    const at = await noteNow(store, id, run, clock.now())
    const begun = clock.elapsed()
    const end = (outcome: RunOutcome) =>
      noteEnd(store, id, run, { outcome, durationMs: Math.round(clock.elapsed() - begun) })
    let made: ScheduledOutcome
    try {
      made = await carryOutDeed(session, deedOf(schedule, at), { ...during, run })
    } catch (error) {
      const interrupted = error instanceof BackupError && error.code === 'E_INTERRUPTED'
      await end(interrupted ? 'interrupted' : 'failed') // why it failed matters more than why that was not noted
      throw error
    }
    const unnoted = await end(made.exitCode === 0 ? 'done' : made.exitCode === 3 ? 'warnings' : 'failed')
    if (unnoted === null) return made
    const done = made.kind === 'create' ? 'the backup is made' : 'the drill is done'
    const message = `${done}, but schedules.json does not say so: ${unnoted.message}`
    during.listen({ run, at: new Date(clock.now()).toISOString(), kind: 'warning', message })
    const exitCode = made.exitCode === 0 ? 3 : made.exitCode
    return made.kind === 'create' ? { ...made, warnings: made.warnings + 1, exitCode } : { ...made, exitCode }
  } finally {
    lock.release()
  }
}

async function carryOutDeed(
  session: Session,
  deed: ReturnType<typeof deedOf>,
  during: During,
): Promise<ScheduledOutcome> {
  if (deed.kind === 'drill') {
    const { drill } = await import('./drill-story.ts')
    return { kind: 'drill', ...(await drill(session, deed.options, during)) }
  }
  const { create } = await import('./create-story.ts')
  return { kind: 'create', ...(await create(session, deed.options, during)) }
}

/** The instant it stands for: now, or the next one that no run stands for. */
async function noteNow(store: SchedulesPort, id: string, run: string, now: number): Promise<number> {
  for (let at = now; ; at++) {
    const instant = new Date(at).toISOString()
    if (await store.noteRun(id, { at: instant, startedAt: instant, run, outcome: null, durationMs: null })) return at
  }
}

/** Null, or why it could not be noted. A schedule that was removed meanwhile has nothing to note. */
async function noteEnd(
  store: SchedulesPort,
  id: string,
  run: string,
  end: Pick<ScheduleRun, 'outcome' | 'durationMs'>,
): Promise<Error | null> {
  try {
    await store.noteOutcome(id, run, end)
    return null
  } catch (error) {
    if (error instanceof BackupError && error.code === 'E_UNKNOWN_ID') return null
    return error instanceof Error ? error : new Error(String(error))
  }
}
