import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { differences, makeTree, seeded } from '../e2e/trees.ts'
import type { Deed } from './child.ts'
import { EngineProcess } from './engine-process.ts'
import type { FaultKind } from './faulty-files.ts'

/**
 * A restore in place that deletes, killed or failing at any call: what is there is the backup's, or was there before;
 * nothing outside is touched; and the next restore makes the tree what was backed up.
 */

const isLong = process.env['HOLDFAST_LONG'] === '1'
const sampleSize = 24
const kinds: readonly FaultKind[] = ['kill', 'kill', 'kill', 'EIO', 'ENOSPC', 'EROFS']

let top: string
let source: string
let home: string
let root: string
let pristine: string
let outside: string
let engine: EngineProcess

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'holdfast-delete-faults-'))
  source = join(top, 'source')
  home = join(top, 'home')
  root = join(top, 'repository')
  pristine = join(top, 'pristine')
  outside = join(top, 'outside')
  for (const path of [home, outside]) mkdirSync(path)
  writeFileSync(join(outside, 'precious'), 'reached only through a symlink')
  makeTree(source, 24, 1 << 20)
  engine = await EngineProcess.open()
  expect(await perform({ deed: 'create' })).toMatchObject({ exitCode: 0, message: '' })
  execFileSync('cp', ['-a', source, pristine])
}, 60_000)
afterAll(async () => {
  await engine.close()
  rmSync(top, { recursive: true, force: true })
})

function perform(deed: Pick<Deed, 'deed'> & Partial<Deed>) {
  return engine.perform({ root, home, source, at: 0, kind: 'EIO', ...deed })
}

/** The tree as it was backed up, and then much changed. */
function change(): void {
  rmSync(source, { recursive: true })
  execFileSync('cp', ['-a', pristine, source])
  mkdirSync(join(source, 'directory-0', 'new', 'deep'), { recursive: true })
  for (const name of ['0-first', 'directory-0/new/a', 'directory-0/new/deep/b', 'directory-1/extra', 'zz-last'])
    writeFileSync(join(source, name), `extra ${name}`)
  symlinkSync(outside, join(source, 'directory-0', 'new', 'way-out'))
  appendFileSync(join(source, 'directory-0', 'file-2'), 'changed')
  rmSync(join(source, 'directory-1', 'file-21'))
}

test(
  'a restore that deletes, killed or failing at any call, is finished by the next one and touches nothing outside',
  async () => {
    change()
    const whole = await perform({ deed: 'restore' })
    expect(whole).toMatchObject({ exitCode: 0, message: '', leaked: 0 })
    expect(differences(pristine, source)).toEqual([])
    const { calls } = whole!
    const next = seeded(calls)
    const problems: string[] = []
    let tried = 0
    for (let at = 1; at <= calls; at++) {
      if (!isLong && next() >= sampleSize / calls) continue
      const kind = kinds[Math.floor(next() * kinds.length)]!
      const say = (what: string): void => void problems.push(`${kind} at ${at} of ${calls}: ${what}`)
      change()
      tried++
      const outcome = await perform({ deed: 'restore', at, kind })
      if (outcome === null && kind !== 'kill') say('the process died')
      if (outcome?.exitCode === 0) for (const line of differences(pristine, source)) say(`ended with 0, and ${line}`)
      // Of what was backed up and is still as it was, nothing is gone or torn.
      for (const line of differences(pristine, source))
        if (/: (missing|content|size|type)/.test(line) && !/file-2(1)?:/.test(line)) say(line)
      const again = await perform({ deed: 'restore' })
      if (again?.exitCode !== 0) say(`the next restore ended with ${again?.exitCode}: ${again?.message}`)
      for (const line of differences(pristine, source)) say(`after the next restore ${line}`)
      if (!existsSync(join(outside, 'precious'))) say('something outside is gone')
    }
    expect(tried).toBeGreaterThan(10)
    expect(problems).toEqual([])
  },
  isLong ? 7_200_000 : 120_000,
)
