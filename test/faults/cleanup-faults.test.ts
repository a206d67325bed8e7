import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backupIds, litterOf } from '../e2e/stage.ts'
import { seeded } from '../e2e/trees.ts'
import type { Deed } from './child.ts'
import { EngineProcess } from './engine-process.ts'
import type { FaultKind } from './faulty-files.ts'

/**
 * Whatever call of the disk fails while a cleanup deletes, and whenever it is killed: what is listed is whole and has
 * what it needs, nothing is called missing, and the next cleanup finishes it.
 */

const isLong = process.env['HOLDFAST_LONG'] === '1'
const sampleSize = 36
const kinds: readonly FaultKind[] = ['kill', 'kill', 'kill', 'EIO', 'ENOSPC', 'EROFS']

let top: string
let source: string
let home: string
/** Two lineages, of three and of two; keeping one lets the first lineage go. */
let base: string
let engine: EngineProcess
let ids: string[]
let staying: string[]

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'holdfast-cleanup-faults-'))
  source = join(top, 'source')
  home = join(top, 'home')
  base = join(top, 'base')
  mkdirSync(home)
  mkdirSync(source)
  engine = await EngineProcess.open()
  for (const type of ['full', 'incremental', 'incremental', 'full', 'incremental'] as const) {
    writeFileSync(join(source, `file-${backupIdsIf(base).length}`), `${type}${'x'.repeat(5000)}`)
    expect(await perform({ deed: 'create', root: base, type })).toMatchObject({ exitCode: 0, message: '' })
  }
  const listed = await perform({ deed: 'list', root: base })
  ids = [...listed!.backups].reverse()
  staying = ids.slice(3).sort()
}, 60_000)
afterAll(async () => {
  await engine.close()
  rmSync(top, { recursive: true, force: true })
})

function perform(deed: Pick<Deed, 'deed' | 'root'> & Partial<Deed>) {
  return engine.perform({ home, source, at: 0, kind: 'EIO', ...deed })
}

function backupIdsIf(root: string): string[] {
  try {
    return backupIds(root)
  } catch {
    return []
  }
}

test(
  'a cleanup that is killed or fails at any call tears nothing, and the next one finishes it',
  async () => {
    const counted = join(top, 'counted')
    cpSync(base, counted, { recursive: true })
    const whole = await perform({ deed: 'cleanup', root: counted })
    expect(whole).toMatchObject({ exitCode: 0, backups: [ids[2], ids[1], ids[0]], leaked: 0 })
    expect(backupIds(counted)).toEqual(staying)
    const calls = whole!.calls
    const next = seeded(calls)
    const problems: string[] = []
    const seen = new Set<number>()
    for (let at = 1; at <= calls; at++) {
      if (!isLong && at > 1 && at < calls && next() >= sampleSize / calls) continue
      const kind = kinds[Math.floor(next() * kinds.length)]!
      const say = (what: string): void => void problems.push(`${kind} at ${at} of ${calls}: ${what}`)
      const root = join(top, `at-${at}`)
      cpSync(base, root, { recursive: true })
      const outcome = await perform({ deed: 'cleanup', root, at, kind })
      if (outcome === null && kind !== 'kill') say('the process died')
      if (outcome !== null && (outcome.code === 'E_INTERNAL' || outcome.code === 'E_INTERRUPTED'))
        say(`ended with ${outcome.code}: ${outcome.message}`)

      const there = backupIds(root)
      seen.add(there.length)
      // The dependants go first: of the old lineage there is always a beginning.
      const old = ids.slice(0, 3).filter((id) => there.includes(id))
      if (old.join() !== ids.slice(0, old.length).join()) say(`of the old lineage there is ${old}`)
      if (!staying.every((id) => there.includes(id))) say('what stays is gone')
      const listed = await perform({ deed: 'list', root })
      if (listed!.backups.toSorted().join() !== there.join()) say(`lists ${listed!.backups}, there is ${there}`)
      if (listed!.warnings.length > 0) say(`the list says ${listed!.warnings}`)

      const again = await perform({ deed: 'cleanup', root })
      if (again?.exitCode !== 0 || again.code !== null) say(`the next cleanup: ${again?.exitCode} ${again?.message}`)
      if (backupIds(root).join() !== staying.join()) say(`the next cleanup left ${backupIds(root)}`)
      for (const name of litterOf(root)) say(`the next cleanup left ${name}`)
      const verified = await perform({ deed: 'verify', root })
      if (verified?.exitCode !== 0) say(`verify ended with ${verified?.exitCode}: ${verified?.warnings}`)
      rmSync(root, { recursive: true })
    }
    expect(problems).toEqual([])
    // The slice met a cleanup before, in the midst of, and after its deletions.
    expect([...seen].sort()).toEqual(expect.arrayContaining([2, 5]))
  },
  isLong ? 3_600_000 : 120_000,
)
