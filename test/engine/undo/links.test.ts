import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { RestoreOptions } from '../../../src/model/planned-restore.ts'
import { plainly } from '../../engine-kit.ts'
import { differences, engine, home, newest, quiet, restore, seen, undo, useHome } from './undo-kit.ts'

/** Files on disk that have other names than the backup knows: what is right under one name must not go wrong under another. */

useHome()

let source = ''
let options: RestoreOptions
const at = (name: string): string => join(source, name)

beforeEach(async () => {
  source = join(home(), 'source')
  mkdirSync(source)
  writeFileSync(at('x'), 'the same')
  copyFileSync(at('x'), at('y'))
  chmodSync(at('y'), 0o600)
  utimesSync(at('x'), 1_500_000_000, 1_500_000_000)
  utimesSync(at('y'), 1_600_000_000, 1_600_000_000)
  const { backup } = await engine().create(plainly({ type: 'full', paths: [source] }), quiet)
  options = {
    source: { kind: 'backup', backup: backup.id, services: [], paths: [] },
    target: { kind: 'in-place' },
    conflict: 'overwrite',
    workers: 1,
  }
})

function statusOf(path: string): { mode: number; seconds: number; links: number } {
  const { mode, mtimeMs, nlink } = lstatSync(path)
  return { mode: mode & 0o777, seconds: mtimeMs / 1000, links: nlink }
}

async function restoredAndTakenBack(judge: () => void): Promise<void> {
  const before = seen()
  expect((await restore(options)).exitCode).toBe(0)
  judge()
  expect(await undo(await newest())).toBe(0)
  expect(differences(before, seen())).toEqual([])
}

test('two files that have become one are two again, each with its own attributes', async () => {
  rmSync(at('y'))
  linkSync(at('x'), at('y'))
  await restoredAndTakenBack(() => {
    expect(statusOf(at('x'))).toEqual({ mode: 0o644, seconds: 1_500_000_000, links: 1 })
    expect(statusOf(at('y'))).toEqual({ mode: 0o600, seconds: 1_600_000_000, links: 1 })
  })
})

test('two files that have become one are two again, also where all else is right', async () => {
  const { backup } = await engine().create(plainly({ type: 'full', paths: [source] }), quiet)
  rmSync(at('y'))
  copyFileSync(at('x'), at('y'))
  utimesSync(at('y'), 1_500_000_000, 1_500_000_000)
  const twins = await engine().create(plainly({ type: 'full', paths: [source] }), quiet)
  expect(twins.backup.id).not.toBe(backup.id)
  options = { ...options, source: { kind: 'backup', backup: twins.backup.id, services: [], paths: [] } }
  rmSync(at('y'))
  linkSync(at('x'), at('y'))
  await restoredAndTakenBack(() => expect([statusOf(at('x')).links, statusOf(at('y')).links]).toEqual([1, 1]))
})

test('a name outside of what is restored keeps its attributes', async () => {
  const outside = join(home(), 'outside')
  linkSync(at('y'), outside)
  chmodSync(outside, 0o640)
  expect((await restore(options)).exitCode).toBe(0)
  expect(statusOf(outside).mode).toBe(0o640)
  expect(statusOf(at('y')).mode).toBe(0o600)
})

test('another name that the backup does not have is deleted though its file has got other attributes', async () => {
  linkSync(at('y'), at('z'))
  utimesSync(at('y'), 1_400_000_000, 1_400_000_000)
  options = { ...options, deleteExtra: true }
  await restoredAndTakenBack(() => expect(readdirSync(source)).toEqual(['x', 'y']))
})
