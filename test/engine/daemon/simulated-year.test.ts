import { expect, test } from 'vitest'
import { believableAheadMs } from '../../../src/engine/plan/due.ts'
import { policyFromCounts } from '../../../src/engine/plan/retention-policy.ts'
import type { ErrorCode } from '../../../src/model/errors.ts'
import { cleanupScheduleId, type ListedSchedule, type Schedule } from '../../../src/model/schedule.ts'
import { day, hour, Machine, minute } from './machine.ts'

/** A year on a machine with a fake clock: DST in two zones, a clock that is set, crashes, power cuts, runs that fail. */

const newYear = Date.parse('2026-01-01T00:00:00Z')
const year = 365 * day

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function schedule(id: string, cron: string, more: Partial<Schedule> = {}): Schedule {
  return {
    id,
    name: id,
    cron,
    tz: 'Europe/Berlin',
    type: 'incremental',
    services: ['web'],
    if_missed: 'run-once',
    jitter_seconds: 0,
    enabled: true,
    createdAt: new Date(newYear).toISOString(),
    lastRuns: [],
    ...more,
  }
}

const own = [
  schedule('hourly', '0 * * * *'),
  schedule('weekly', '30 2 * * 0', { tz: 'America/New_York', type: 'full', services: ['db'] }),
  schedule('rehearsal', '0 4 6 * *', { type: 'drill', services: [], drill: {} }),
  schedule('monthly', '30 2 1 * *', { type: 'full', services: ['web', 'db'], if_missed: 'skip' }),
]
const configured: ListedSchedule[] = [
  schedule('daily', '30 2 * * *', { services: [], jitter_seconds: 1800 }),
  schedule(cleanupScheduleId, '0 5 * * *'),
].map((one) => ({ schedule: one, origin: 'configuration' }))

const usualMs: Record<string, number> = {
  hourly: 2 * minute,
  daily: 20 * minute,
  weekly: 2 * hour,
  monthly: 3 * hour,
  rehearsal: 9 * hour,
}

type Happening = { readonly at: number; readonly what: 'crash' | 'power' | 'boot' | 'jump' | 'end' }

async function liveAYear(seed: number, { crashes = 40, powerCuts = 10, jumps = 12 } = {}) {
  const random = randomOf(seed)
  const machine = new Machine({
    base: newYear,
    schedules: own,
    configured,
    services: ['web', 'db'],
    policy: { ...policyFromCounts({ daily: 7, weekly: 4, monthly: 12 }, 'Europe/Berlin', 24), batchSize: 100 },
    deed: {
      random,
      durationMs: (id) => (usualMs[id] ?? minute) * (random() < 0.03 ? (id === 'hourly' ? 45 : 3) : 1),
      failure: (): ErrorCode | 'died' | null => {
        const dice = random()
        return dice < 0.02 ? 'E_IO' : dice < 0.03 ? 'E_CONFIG' : dice < 0.04 ? 'died' : null
      },
    },
  })
  const many = (count: number, what: Happening['what']): Happening[] =>
    Array.from({ length: count }, () => ({ at: day + random() * (year - 2 * day), what }))
  const happenings = [
    ...many(crashes, 'crash'),
    ...many(powerCuts, 'power'),
    ...many(jumps, 'jump'),
    { at: year, what: 'end' as const },
  ]
  const downs: { from: number; until: number }[] = []
  const setBack: number[] = []
  const down = (ms: number) => {
    downs.push({ from: machine.elapsed, until: machine.elapsed + ms })
    happenings.push({ at: machine.elapsed + ms, what: 'boot' })
  }
  machine.onDeath = () => {
    machine.killDaemon()
    down(1 + Math.floor(random() * 30) * minute)
  }
  await machine.boot()
  let died = 0
  for (;;) {
    happenings.sort((a, b) => b.at - a.at)
    const next = happenings.at(-1)
    if (next === undefined) break
    const known = happenings.length
    await machine.live(next.at)
    if (happenings.length !== known) continue // it died on the way
    happenings.pop()
    if (next.what === 'end') break
    switch (next.what) {
      case 'boot':
        await machine.boot()
        break
      case 'crash':
        // the daemon's next call but some: between noting and starting, before an outcome is noted, anywhere
        if (machine.isUp) machine.dieAtCall = machine.calls + 1 + Math.floor(random() * 12)
        died++
        break
      case 'power':
        if (machine.isUp) {
          machine.cutPower()
          down(minute + random() * 2 * day)
        }
        died++
        break
      case 'jump': {
        const by = Math.round((random() * 2 - 1) * 3 * day)
        machine.skew += by
        if (by < -believableAheadMs) setBack.push(machine.elapsed)
      }
    }
  }
  return { machine, downs, setBack, died }
}

/** Overlap of a stretch with the times the machine or its daemon was down. */
function downWithin(downs: readonly { from: number; until: number }[], from: number, until: number): number {
  return downs.reduce((sum, one) => sum + Math.max(0, Math.min(until, one.until) - Math.max(from, one.from)), 0)
}

const seeds = process.env['HOLDFAST_LONG'] === '1' ? Array.from({ length: 20 }, (_, seed) => seed + 1) : [1]

test.each(seeds)(
  'a year of schedules, crashes, power cuts and a clock that is set keeps every promise (%i)',
  async (seed) => {
    const { machine, downs, setBack, died } = await liveAYear(seed)
    expect(died).toBe(50)
    expect(downs.length).toBeGreaterThan(40)
    expect(machine.broken).toEqual([])

    // no instant has two backups, but where the clock was set back over it
    const seen = new Map<string, number>()
    for (const { schedule: id, at, startedAtElapsed } of machine.made) {
      const key = `${id} ${at}`
      const before = seen.get(key)
      if (before !== undefined)
        expect(
          setBack.some((when) => when >= before && when <= startedAtElapsed),
          `${key} twice`,
        ).toBe(true)
      seen.set(key, startedAtElapsed)
    }

    // nobody waits for a backup longer than the schedule, a run that stands in the way and what failed explain
    const longest = { hourly: 14 * hour, daily: 3 * day, weekly: 21 * day, monthly: 100 * day }
    for (const [id, atMost] of Object.entries(longest)) {
      const times = [0, ...machine.made.filter((one) => one.schedule === id).map((one) => one.madeAtElapsed), year]
      for (const [number, time] of times.slice(1).entries()) {
        const from = times[number]!
        expect(time - from - downWithin(downs, from, time), `${id} from ${from}`).toBeLessThanOrEqual(atMost)
      }
    }
    expect(machine.made.filter((one) => one.schedule === 'hourly').length).toBeGreaterThan(7000)

    // every month is proven, however much else is to be done
    const proofs = [...machine.jobs.values()].filter(
      (one) => one.schedule === 'rehearsal' && one.ended?.state === 'done',
    )
    expect(proofs.length).toBeGreaterThan(9)

    // what was noted as done was done, and nothing is left without an end
    const { schedules, drills, configured: notes } = JSON.parse(machine.text)
    const all = [...schedules, ...drills, ...Object.values(notes)].flatMap(
      (one: { lastRuns: Schedule['lastRuns'] }) => one.lastRuns,
    )
    expect(all.length).toBeGreaterThan(100)
    for (const run of all) {
      const job = machine.jobs.get(run.run)
      if (run.outcome === null) expect(job?.ended ?? null).toBeNull()
      else if (run.outcome === 'done') expect(job?.ended?.state).toBe('done')
    }

    // what is kept: the newest of every service, and one of each of the last seven days that had one
    const kept = new Set(machine.backups.map(({ id }) => id))
    for (const service of ['web', 'db']) {
      const mine = machine.made.filter(({ services }) => services.includes(service))
      const newest = mine.reduce((a, b) => (b.createdAt > a.createdAt ? b : a))
      expect(kept.has(newest.id)).toBe(true)
    }
    expect(machine.deleted.length).toBeGreaterThan(6000)
    expect(machine.backups.length).toBeLessThan(400)
  },
  240_000,
)
