import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { During } from '../../src/model/during.ts'
import type { Engine } from '../../src/model/engine.ts'
import type { Clock } from '../../src/model/ports.ts'
import { rawKey } from '../e2e/stage.ts'
import { makeTree, seeded } from '../e2e/trees.ts'
import { engineAt, plainly } from '../engine-kit.ts'
import { requirement } from '../requirements.ts'
import { archiveOf, idsIn, litterIn } from './judge.ts'
import type { Place } from './operation.ts'
import { differences, Witness } from './witness.ts'

/** A clock that jumps, also in the midst of a deed: by seconds, hours, days and years, back and ahead. */

const minute = 60_000
const day = 24 * 60 * minute
const jumps = [1000, 90 * minute, day, 40 * day, 4000 * day]
const during: During = { signal: new AbortController().signal, listen: () => {} }

let top: string
let place: Place
let witness: Witness

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'holdfast-clock-'))
  const at = (name: string): string => join(top, name)
  place = {
    root: at('repository'),
    home: at('home'),
    source: at('source'),
    target: at('target'),
    outside: at('outside'),
  }
  for (const name of ['home', 'tmp']) mkdirSync(at(name))
  witness = new Witness(at('tmp'))
  makeTree(place.source, 10, 0)
})
afterEach(async () => {
  await witness.close()
  rmSync(top, { recursive: true, force: true })
})

function engineBy(clock: Clock): Engine {
  return engineAt({ root: place.root, home: place.home, key: rawKey, clock })
}

/** Every second time it is asked, it has jumped: somewhere within eleven years of now. */
function jumping(seed: number): Clock {
  const next = seeded(seed)
  let offset = 0
  return {
    now() {
      if (next() < 0.5) offset = (next() < 0.5 ? -1 : 1) * jumps[Math.floor(next() * jumps.length)]!
      return Date.now() + offset
    },
    elapsed: () => performance.now(),
  }
}

function standing(): Clock & { ms: number } {
  return {
    ms: Date.now(),
    now() {
      return this.ms
    },
    elapsed: () => performance.now(),
  }
}

async function wrongBackups(expected: ReadonlyMap<string, Awaited<ReturnType<Witness['describe']>>>) {
  const found: string[] = []
  for (const id of idsIn(place.root)) {
    const { code, notes, tree } = await witness.restore(archiveOf(place.root, id), place.source)
    found.push(...(code === 0 ? differences(expected.get(id)!, tree) : [notes]).map((what) => `${id}: ${what}`))
  }
  return found
}

test.runIf(requirement('python3'))(
  'backups made by a clock that jumps are whole, none is lost or listed twice, and a cleanup leaves what it should',
  async () => {
    const engine = engineBy(jumping(6))
    const truth = new Map<string, Awaited<ReturnType<Witness['describe']>>>()
    for (let round = 0; round < 8; round++) {
      appendFileSync(join(place.source, 'directory-0', `file-${round}`), `round ${round}`)
      writeFileSync(join(place.source, 'same-size'), String(round))
      const type = round % 3 === 0 ? 'full' : 'incremental'
      const { backup, exitCode } = await engine.create(plainly({ type, paths: [place.source] }), during)
      expect(exitCode).toBe(0)
      truth.set(backup.id, await witness.describe(place.source))
    }
    const listed = (await engine.list({ type: null, services: [], days: null })).backups.map(({ id }) => id)
    expect(listed.toSorted()).toEqual([...truth.keys()].sort())
    expect(idsIn(place.root)).toEqual([...truth.keys()].sort())
    expect(await wrongBackups(truth)).toEqual([])

    for (const counts of [{ keep: 3 }, { days: 30, minimum: 2 }, { keep: 1 }]) {
      const order = { rules: { kind: 'by-hand', counts, graceHours: 0 }, only: null } as const
      expect([0, 3]).toContain((await engine.cleanup(order, during)).exitCode)
      expect(idsIn(place.root).length).toBeGreaterThanOrEqual('keep' in counts ? counts.keep : 2)
      expect(await wrongBackups(truth)).toEqual([])
    }
    expect(litterIn(place)).toEqual([])
  },
)

test('a plan expires by the clock that reads it, and by no clock is it carried out against another target', async () => {
  const clock = standing()
  const engine = engineBy(clock)
  await engine.create(plainly({ type: 'full', paths: [place.source] }), during)
  mkdirSync(place.target)
  writeFileSync(join(place.target, 'beside'), 'what stands there')
  const planned = await engine.planRestore(
    {
      source: { kind: 'backup', backup: 'latest', services: [], paths: [] },
      target: { kind: 'directory', path: place.target },
      conflict: 'overwrite',
      workers: 1,
    },
    during,
  )
  const file = join(top, 'plan.json')
  await planned.save(file)
  await planned.drop()
  const made = clock.ms
  const load = async (ttlMs: number | null = null): Promise<string> => {
    const source = { kind: 'plan', file, ttlMs } as const
    try {
      await (await engine.planRestore({ source, target: null, conflict: null, workers: 1 }, during)).drop()
      return 'accepted'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  const answers: [number, number | null, string][] = [
    [0, null, 'accepted'],
    [15 * minute, null, 'accepted'],
    [15 * minute + 1, null, 'E_PLAN_EXPIRED'],
    [4000 * day, null, 'E_PLAN_EXPIRED'],
    [0, null, 'accepted'],
    [day, 2 * day, 'accepted'],
    [day, day - 1, 'E_PLAN_EXPIRED'],
  ]
  for (const [ahead, ttlMs, answer] of answers) {
    clock.ms = made + ahead
    expect([ahead, ttlMs, await load(ttlMs)]).toEqual([ahead, ttlMs, answer])
  }
  mkdirSync(join(place.target, place.source), { recursive: true })
  writeFileSync(join(place.target, place.source, 'large'), 'somebody else was here')
  for (const offset of [-4000 * day, -day, 0, 15 * minute]) {
    clock.ms = made + offset
    expect(await load()).toBe('E_PLAN_DRIFTED')
  }
})

test.runIf(requirement('python3'))(
  'a clock that jumps while a restore runs changes nothing of what is restored',
  async () => {
    const { backup } = await engineBy(standing()).create(plainly({ type: 'full', paths: [place.source] }), during)
    for (let round = 0; round < 3; round++) {
      const planned = await engineBy(jumping(round)).planRestore(
        {
          source: { kind: 'backup', backup: backup.id, services: [], paths: [] },
          target: { kind: 'directory', path: place.target },
          conflict: 'overwrite',
          workers: 1,
        },
        during,
      )
      expect((await planned.apply(during)).exitCode).toBe(0)
      const restored = await witness.describe(join(place.target, place.source))
      expect(differences(await witness.describe(place.source), restored)).toEqual([])
      rmSync(place.target, { recursive: true })
    }
  },
)
