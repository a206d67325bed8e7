import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seeded } from '../e2e/trees.ts'
import { requirement } from '../requirements.ts'
import { EngineProcess } from './engine-process.ts'
import { archiveOf, idsIn, litterIn, wrongOutcome } from './judge.ts'
import type { Answer, Operation, Place } from './operation.ts'
import { cleanup } from './operations/cleanup.ts'
import { create } from './operations/create.ts'
import { restoreToDirectory } from './operations/restore-to-directory.ts'
import { large } from './operations/sizes.ts'
import { differences, strangers, type Tree, Witness } from './witness.ts'

/**
 * A disk that is really full, in the midst of a create, a restore and a cleanup: what is there is whole, what failed
 * says why, and the same deed succeeds once there is room.
 */

const rounds = process.env['HOLDFAST_LONG'] === '1' ? 40 : 10
const diskBytes = 32 << 20

let top: string
let disk: string
let engine: EngineProcess
let witness: Witness

/** A disk of its own needs root, and a machine that lets root mount. */
function canMount(): boolean {
  if (!requirement('root')) return false
  const point = mkdtempSync(join(tmpdir(), 'holdfast-mount-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'holdfast-test', point]).status === 0
  if (mounted) execFileSync('umount', [point])
  rmSync(point, { recursive: true })
  if (!mounted && process.env['REQUIRE_ALL'] === '1') throw new Error('this test needs to mount a tmpfs')
  return mounted
}
const isPossible = canMount() && requirement('python3')

beforeAll(async () => {
  if (!isPossible) return
  top = mkdtempSync(join(tmpdir(), 'holdfast-full-disk-'))
  disk = join(top, 'disk')
  for (const name of ['disk', 'home', 'tmp']) mkdirSync(join(top, name))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'holdfast-test', disk])
  mkdirSync(join(disk, 'home'))
  engine = await EngineProcess.open({ threads: true })
  witness = new Witness(join(top, 'tmp'))
})
afterAll(async () => {
  if (!isPossible) return
  await witness.close()
  await engine.close()
  // Lazily: whatever looks at all mounts of the machine may be in it just now.
  execFileSync('umount', ['--lazy', disk])
  rmSync(top, { recursive: true })
})

const ballast = (): string => join(disk, 'ballast')

function leave(bytes: number): void {
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(ballast(), Buffer.alloc(Math.max(0, bavail * bsize - bytes)))
}

function free(): void {
  rmSync(ballast(), { force: true })
}

function perform({ name }: Operation, place: Place, step: 'prepare' | 'perform' = 'perform'): Promise<Answer> {
  return engine.perform({ operation: name, step, place, at: 0, kind: 'ENOSPC', calls: null })
}

/** Done on the full disk, and once more with room: what was wrong, but for what lies there. */
async function twice(
  operation: Operation,
  place: Place,
  leftBytes: number,
  between: (answer: Answer) => Promise<readonly string[]>,
): Promise<{ readonly hitTheEnd: boolean; readonly found: string[] }> {
  leave(leftBytes)
  const answer = await perform(operation, place)
  const found = wrongOutcome(answer, 'ENOSPC')
  if (answer?.code !== null && answer?.code !== 'E_NO_SPACE')
    found.push(`ended with ${answer?.code}: ${answer?.message}`)
  found.push(...(await between(answer)))
  free()
  const again = await perform(operation, place)
  if (again?.exitCode !== 0) found.push(`with room it ended with ${again?.exitCode}: ${again?.message}`)
  return {
    hitTheEnd: answer?.exitCode !== 0,
    found: found.map((what) => `${operation.name}, ${leftBytes} bytes free: ${what}`),
  }
}

async function wrongBackups({ root, source }: Place, expected: Tree): Promise<string[]> {
  const found: string[] = []
  for (const id of idsIn(root)) {
    const { code, notes, tree } = await witness.restore(archiveOf(root, id), source)
    if (code !== 0) found.push(`${id}: ${notes}`)
    found.push(...differences(expected, tree).map((line) => `${id}: ${line}`))
  }
  return found
}

test.runIf(isPossible)(
  `${rounds} times over, a disk that is full tears nothing, and once there is room the same deed succeeds`,
  async () => {
    const next = seeded(rounds)
    const found: string[] = []
    let full = 0
    const place = (home: string): Place => ({
      root: join(disk, 'repository'),
      home,
      source: join(top, 'source'),
      target: join(disk, 'target'),
      outside: join(top, 'outside'),
    })
    const first = place(join(top, 'home'))
    expect(await perform(create, first, 'prepare')).toMatchObject({ code: null })
    const truth = await witness.describe(first.source)
    const archiveBytes = statSync(archiveOf(first.root, idsIn(first.root)[0]!)).size
    const treeBytes = statSync(join(first.source, 'large')).size
    for (let round = 0; round < rounds; round++) {
      // What a restore puts down for a while lies in the repository, or where there is more room.
      const here = place(join(round % 2 === 0 ? top : disk, 'home'))
      const before = idsIn(here.root)
      const created = await twice(create, here, Math.floor(next() * 1.1 * archiveBytes), async (answer) => {
        const made = idsIn(here.root).length - before.length
        const said = answer?.code === null ? 1 : 0
        return [...(made === said ? [] : [`${made} new backups`]), ...(await wrongBackups(here, truth))]
      })
      const restored = await twice(restoreToDirectory(large), here, Math.floor(next() * 1.1 * treeBytes), async () =>
        strangers({}, truth, await witness.describe(join(here.target, here.source))),
      )
      restored.found.push(...differences(truth, await witness.describe(join(here.target, here.source))))
      rmSync(here.target, { recursive: true })
      const cleaned = await twice(cleanup, here, Math.floor(next() * 8192), () => wrongBackups(here, truth))
      if (idsIn(here.root).length !== 1) cleaned.found.push(`left ${idsIn(here.root)}`)
      for (const { found: some, hitTheEnd } of [created, restored, cleaned]) {
        found.push(...some.map((what) => `round ${round}: ${what}`))
        if (hitTheEnd) full++
      }
      found.push(...litterIn(here))
    }
    expect(found).toEqual([])
    // A disk that never was too small for anything shows nothing.
    expect(full).toBeGreaterThanOrEqual(rounds)
  },
  600_000,
)
