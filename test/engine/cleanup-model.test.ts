import { expect, onTestFinished, test } from 'vitest'
import type { CatalogEntry } from '../../src/model/backup.ts'
import { seeded } from '../e2e/trees.ts'
import { CleanupYard, day, hour } from './cleanup-kit.ts'

/**
 * Random histories of a real repository: backups of two services, pins, rules of every kind, clocks that jump. After
 * every cleanup what is there is what there was without what it says it deleted, and nothing that must stay is gone.
 */

const seeds = process.env['HOLDFAST_LONG'] === '1' ? 200 : 3
const firstSeed = Number(process.env['HOLDFAST_SEED'] ?? 1)

function newestOf(entries: readonly CatalogEntry[], service: string): string | undefined {
  return entries.find(({ services }) => services.includes(service))?.id // newest first
}

test.each(Array.from({ length: seeds }, (_, at) => firstSeed + at))(
  'history %i: what must stay stays, what a plan says goes goes',
  { timeout: 60_000 },
  async (seed) => {
    const yard = new CleanupYard({ cleanup_schedule: { batch_size: 1 + (seed % 3) } })
    onTestFinished(() => yard.remove())
    await yard.init()
    const next = seeded(seed)
    const upTo = (most: number): number => Math.floor(next() * most)
    const pinned = new Set<string>()
    let deletions = 0
    for (let step = 0; step < 6; step++) {
      for (let made = 0; made <= upTo(3); made++)
        await yard.make(upTo(3) === 0 ? 'full' : 'incremental', upTo(2) === 0 ? 'web' : 'mail')
      yard.now += upTo(3) * day
      const { entries: before } = await yard.list()
      const some = before[upTo(before.length)]!.id
      if (upTo(3) === 0) {
        if (pinned.delete(some)) await yard.engine.unpin({ backup: some, confirm: null }, yard.during)
        else {
          await yard.engine.pin({ backup: some, legalHold: null }, yard.during)
          pinned.add(some)
        }
      }
      const names = ['keep', 'days', 'daily', 'weekly', 'minimum'] as const
      const counts = { keep: upTo(3), [names[upTo(names.length)]!]: upTo(4) }
      const rules = yard.byHand(counts, upTo(3) === 0 ? 12 : 0)
      const { plan, decisions } = await yard.engine.planCleanup(rules)
      const { deleted, left, exitCode, marked, unmarked } = await yard.clean(rules)

      expect({ deleted, left, exitCode }).toEqual({ deleted: plan.delete, left: [], exitCode: 0 })
      expect({ marked, unmarked }).toEqual({ marked: plan.mark.length, unmarked: plan.unmark.length })
      const { entries: after, problems } = await yard.list()
      expect(problems).toEqual([])
      expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id).filter((id) => !deleted.includes(id)))
      const there = new Set(after.map(({ id }) => id))
      expect(after.flatMap(({ deps }) => deps).filter((id) => !there.has(id))).toEqual([])
      expect([...pinned].filter((id) => !there.has(id))).toEqual([])
      for (const service of ['web', 'mail']) {
        const newest = newestOf(before, service)
        if (newest !== undefined) expect(there).toContain(newest)
      }
      for (const { backup, keep } of decisions) if (keep) expect(there).toContain(backup)
      deletions += deleted.length
      yard.now += upTo(20) * hour
    }
    expect(deletions).toBeGreaterThan(0)
    expect(await yard.faults()).toEqual([])
  },
)
