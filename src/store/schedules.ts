import { BackupError } from '../model/errors.ts'
import { instantOf } from '../model/instant.ts'
import {
  damagedSchedules,
  type Schedule,
  type ScheduleRun,
  type Schedules,
  schedulesSchema,
} from '../model/schedule.ts'
import { type DocumentAdapter, openDocument, type Reading } from './document.ts'

/** As many runs of a schedule are remembered: what a screen draws, and what must not be run twice. */
export const rememberedRuns = 50

/** schedules.json: what is to be done again and again. Unlike the catalog it cannot be made anew from anything. */
export interface SchedulesStore {
  read(): Promise<Reading<Schedules>>
  /** @throws E_USAGE where its id is taken already, E_DAMAGED */
  add(schedule: Schedule): Promise<void>
  /** The schedule as `change` gives it; its id stays. @throws E_UNKNOWN_ID, E_DAMAGED */
  change(id: string, change: (schedule: Schedule) => Schedule): Promise<Schedule>
  /** The schedule that is no more. @throws E_UNKNOWN_ID, E_DAMAGED */
  forget(id: string): Promise<Schedule>
  /**
   * Notes a run before it starts. False where its instant is noted already: another process has it.
   *
   * @throws E_UNKNOWN_ID, E_DAMAGED
   */
  noteRun(id: string, run: ScheduleRun): Promise<boolean>
  /** What became of a run; one that is forgotten by now is let be. @throws E_UNKNOWN_ID, E_DAMAGED */
  noteOutcome(id: string, run: string, outcome: Pick<ScheduleRun, 'outcome' | 'durationMs'>): Promise<void>
}

export function openSchedules(adapter: DocumentAdapter): SchedulesStore {
  const document = openDocument(schedulesSchema, adapter, { migrate: refuseOtherVersions })

  /** The list after a change; keys of the document that this version does not know are kept. */
  async function update(change: (schedules: readonly Schedule[]) => Schedule[]): Promise<void> {
    await document.update((found) => {
      if (found.state === 'damaged') throw damagedSchedules(found.why)
      const before: Schedules = found.state === 'ok' ? found.value : { v: 1, schedules: [] }
      return { ...before, schedules: change(before.schedules) }
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
    async noteRun(id, run) {
      let noted = false
      await changeOne(id, (schedule) => {
        const { lastRuns } = schedule
        noted = !lastRuns.some((one) => instantOf(one.at) === instantOf(run.at))
        return noted ? { ...schedule, lastRuns: [run, ...lastRuns].slice(0, rememberedRuns) } : schedule
      })
      return noted
    },
    async noteOutcome(id, run, { outcome, durationMs }) {
      await changeOne(id, (schedule) => ({
        ...schedule,
        lastRuns: schedule.lastRuns.map((one) => (one.run === run ? { ...one, outcome, durationMs } : one)),
      }))
    },
  }
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
