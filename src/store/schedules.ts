import { BackupError } from '../model/errors.ts'
import { instantOf } from '../model/instant.ts'
import {
  type ConfiguredNote,
  damagedSchedules,
  isDrill,
  type RunEnd,
  type Schedule,
  type ScheduleRun,
  type Schedules,
  schedulesSchema,
} from '../model/schedule.ts'
import { freeScheduleId } from '../model/schedule-id.ts'
import { type DocumentAdapter, openDocument, type Reading } from './document.ts'

/** As many runs of a schedule are remembered: what a screen draws, and what must not be run twice. */
export const rememberedRuns = 30

/**
 * schedules.json: what is to be done again and again. Unlike the catalog it cannot be made anew from anything. Drills lie
 * in a list of their own: a version that knows none would refuse the file for their type, and make no backup any more.
 */
export interface SchedulesStore {
  read(): Promise<Reading<Schedules>>
  /** @throws E_USAGE where its id is taken already, E_DAMAGED */
  add(schedule: Schedule): Promise<void>
  /** The schedule as `change` gives it; its id stays. @throws E_UNKNOWN_ID, E_DAMAGED */
  change(id: string, change: (schedule: Schedule) => Schedule): Promise<Schedule>
  /** The schedule that is no more. @throws E_UNKNOWN_ID, E_DAMAGED */
  forget(id: string): Promise<Schedule>
  /**
   * Begins a note for each schedule of the configuration that has none, or had other times: what lies before `since`
   * was not missed. Writes nothing where all are known. @throws E_DAMAGED
   */
  knowConfigured(asked: readonly Pick<Schedule, 'id' | 'cron' | 'tz'>[], since: string): Promise<void>
  /**
   * Notes a run before it starts, of a schedule of its own or of the configuration. False where its instant is noted
   * already: another process has it.
   *
   * @throws E_UNKNOWN_ID, E_DAMAGED
   */
  noteRun(id: string, run: ScheduleRun): Promise<boolean>
  /** Notes that a run's instant is tried once more, before that starts. @throws E_UNKNOWN_ID, E_DAMAGED */
  noteRetry(id: string, before: string, run: ScheduleRun): Promise<void>
  /** What became of a run; one that is forgotten by now is let be. @throws E_UNKNOWN_ID, E_DAMAGED */
  noteOutcome(id: string, run: string, outcome: RunEnd): Promise<void>
  /** Strikes runs by their ids: their instants may be run again. @throws E_UNKNOWN_ID, E_DAMAGED */
  strikeRuns(id: string, runs: readonly string[]): Promise<void>
}

type RunsChange = (runs: readonly ScheduleRun[]) => readonly ScheduleRun[]

export function openSchedules(adapter: DocumentAdapter): SchedulesStore {
  const document = openDocument(schedulesSchema, adapter, {
    migrate: (value) => withDrills(refuseOtherVersions(value)),
    format: (value) => `${JSON.stringify(apart(schedulesSchema.parse(value)), null, 2)}\n`,
  })

  /** The document after a change; keys that this version does not know are kept. */
  async function change(act: (before: Schedules) => Schedules): Promise<void> {
    await document.update((found) => {
      if (found.state === 'damaged') throw damagedSchedules(found.why)
      return act(found.state === 'ok' ? found.value : { v: 1, schedules: [] })
    })
  }

  async function update(act: (schedules: readonly Schedule[]) => Schedule[]): Promise<void> {
    await change((before) => ({ ...before, schedules: act(before.schedules) }))
  }

  /** A schedule here goes before one of the configuration of the same id. */
  async function changeRuns(id: string, act: RunsChange): Promise<void> {
    await change((before) => {
      const { schedules, configured = {} } = before
      if (schedules.some((schedule) => schedule.id === id))
        return {
          ...before,
          schedules: schedules.map((one) => (one.id === id ? { ...one, lastRuns: [...act(one.lastRuns)] } : one)),
        }
      const note = Object.hasOwn(configured, id) ? configured[id] : undefined
      if (note === undefined) return unknown(id)
      return { ...before, configured: { ...configured, [id]: { ...note, lastRuns: [...act(note.lastRuns)] } } }
    })
  }

  async function changeOne(id: string, change: (schedule: Schedule) => Schedule): Promise<Schedule> {
    let changed: Schedule | null = null
    await update((schedules) => {
      const after = { ...change(find(schedules, id)), id }
      changed = after
      return schedules.map((schedule) => (schedule.id === id ? after : schedule))
    })
    return changed ?? unknown(id)
  }

  return {
    read: document.read,
    add: (schedule) =>
      update((schedules) => {
        if (schedules.some(({ id }) => id === schedule.id))
          throw new BackupError('E_USAGE', `there is a schedule ${schedule.id} already`, 'choose another name')
        return [...schedules, schedule]
      }),
    change: changeOne,
    async forget(id) {
      let forgotten: Schedule | null = null
      await update((schedules) => {
        forgotten = find(schedules, id)
        return schedules.filter((schedule) => schedule.id !== id)
      })
      return forgotten ?? unknown(id)
    },
    async knowConfigured(asked, since) {
      const found = await document.read()
      if (found.state === 'damaged') throw damagedSchedules(found.why)
      const known = found.state === 'ok' ? (found.value.configured ?? {}) : {}
      if (asked.every((one) => isKnown(known[one.id], one))) return
      await change((before) => ({ ...before, configured: withNotes(before.configured ?? {}, asked, since) }))
    },
    async noteRun(id, run) {
      let noted = false
      await changeRuns(id, (runs) => {
        noted = !runs.some((one) => instantOf(one.at) === instantOf(run.at))
        return noted ? [run, ...runs].slice(0, rememberedRuns) : runs
      })
      return noted
    },
    strikeRuns: (id, struck) => changeRuns(id, (runs) => runs.filter(({ run }) => !struck.includes(run))),
    noteRetry: (id, before, run) => changeRuns(id, (runs) => runs.map((one) => (one.run === before ? run : one))),
    noteOutcome: (id, run, { outcome, durationMs, retryAt }) =>
      changeRuns(id, (runs) =>
        runs.map((one) => {
          if (one.run !== run) return one
          const { retryAt: _, ...rest } = one
          return { ...rest, outcome, durationMs, ...(retryAt === undefined ? {} : { retryAt }) }
        }),
      ),
  }
}

function isKnown(note: ConfiguredNote | undefined, { cron, tz }: Pick<Schedule, 'cron' | 'tz'>): boolean {
  return note !== undefined && note.cron === cron && note.tz === tz
}

function withNotes(
  known: Readonly<Record<string, ConfiguredNote>>,
  asked: readonly Pick<Schedule, 'id' | 'cron' | 'tz'>[],
  since: string,
): Record<string, ConfiguredNote> {
  const notes = { ...known }
  for (const { id, cron, tz } of asked) {
    if (!isKnown(notes[id], { cron, tz }))
      notes[id] = { ...notes[id], cron, tz, since, lastRuns: notes[id]?.lastRuns ?? [] }
  }
  return notes
}

function find(schedules: readonly Schedule[], id: string): Schedule {
  return schedules.find((schedule) => schedule.id === id) ?? unknown(id)
}

function unknown(id: string): never {
  throw new BackupError('E_UNKNOWN_ID', `no schedule has the id ${id}`, 'run: holdfast schedule list')
}

/** Before the schema: what a later version means must not be guessed at, nor written over. */
function refuseOtherVersions(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && 'v' in value && value.v !== 1)
    throw new Error(`it is of version ${String(value.v)}, which this Holdfast does not know`)
  return value
}

/** One list of both. A drill whose id another version has given to a backup gets another one. */
function withDrills(value: unknown): unknown {
  if (!isObject(value) || value['drills'] === undefined) return value
  const { drills, schedules, ...rest } = value
  if (!Array.isArray(drills) || !Array.isArray(schedules)) throw new Error('drills, or schedules, are no list')
  const taken = schedules.flatMap(idOf)
  const renamed = drills.map((drill: unknown) => {
    const [id] = idOf(drill)
    return isObject(drill) && id !== undefined && taken.includes(id)
      ? { ...drill, id: freeScheduleId(id, [...taken, ...drills.flatMap(idOf)]) }
      : drill
  })
  return { ...rest, schedules: [...schedules, ...renamed] }
}

function apart({ schedules, ...rest }: Schedules): object {
  const drills = schedules.filter(isDrill)
  const backups = schedules.filter((schedule) => !isDrill(schedule))
  return { ...rest, schedules: backups, ...(drills.length === 0 ? {} : { drills }) }
}

function idOf(value: unknown): string[] {
  return isObject(value) && typeof value['id'] === 'string' ? [value['id']] : []
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
