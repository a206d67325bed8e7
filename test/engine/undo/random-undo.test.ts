import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import type { RestoreOptions, RestoreOutcome } from '../../../src/model/planned-restore.ts'
import { conflictModes } from '../../../src/model/restore.ts'
import { seeded } from '../../e2e/trees.ts'
import { plainly } from '../../engine-kit.ts'
import { differences, dying, engine, home, newest, quiet, restore, seen, undo, useHome } from './undo-kit.ts'

/** Restores of random trees over random trees, interrupted or not: undo puts back what was, resume does what was asked. */

const seeds = process.env['HOLDFAST_LONG'] === '1' ? 400 : 3

useHome()

type Pick = <T>(from: readonly T[]) => T

function growTree(at: string, next: () => number, pick: Pick, depth = 0): void {
  mkdirSync(at, { recursive: true })
  for (const name of ['a', 'a-b', 'b', 'c.txt', 'd', 'e']) {
    const path = join(at, name)
    const roll = next()
    if (roll < 0.2) continue
    if (roll < 0.6) writeFileSync(path, `${name} ${'x'.repeat(Math.floor(next() * 300))}${Math.floor(next() * 3)}`)
    else if (roll < 0.7) symlinkSync(pick(['a', '../b', '/nowhere']), path)
    else if (depth < 2) growTree(path, next, pick, depth + 1)
    else mkdirSync(path)
    if (!lstatSync(path).isSymbolicLink()) {
      if (next() < 0.3) chmodSync(path, pick([0o600, 0o644, 0o755]))
      utimesSync(path, 1_500_000_000, 1_500_000_000 + Math.floor(next() * 5))
    }
  }
  const files = readdirSync(at).filter((name) => lstatSync(join(at, name)).isFile())
  if (files.length > 0 && next() < 0.4) linkSync(join(at, pick(files)), join(at, 'linked'))
}

function change(at: string, next: () => number, pick: Pick, depth = 0): void {
  for (const name of readdirSync(at)) {
    const path = join(at, name)
    const status = lstatSync(path)
    const roll = next()
    if (roll < 0.15) rmSync(path, { recursive: true })
    else if (roll < 0.3 && status.isFile()) writeFileSync(path, `changed ${next()}`)
    else if (roll < 0.35 && !status.isSymbolicLink()) chmodSync(path, 0o700)
    else if (roll < 0.4 && status.isFile()) {
      rmSync(path)
      symlinkSync('elsewhere', path)
    } else if (status.isDirectory()) change(path, next, pick, depth + 1)
  }
  if (next() < 0.5) writeFileSync(join(at, 'new'), 'new')
  if (next() < 0.3) growTree(join(at, 'grown'), next, pick, 2)
}

/** The same where a restore moved the times of directories that it did not restore: when, nobody asked for. */
function settled(lines: readonly string[], since: bigint): string[] {
  return lines.map((line) =>
    line.includes('{"type":"directory"')
      ? line.replace(/"mtimeNs":"(\d+)"/, (text, time) => (BigInt(time) > since ? '"mtimeNs":"since"' : text))
      : line,
  )
}

test.each(Array.from({ length: seeds }, (_, seed) => seed + 1))(
  'seed %i: undo and resume end where they should',
  async (seed) => {
    const next = seeded(seed)
    const pick: Pick = (from) => from[Math.floor(next() * from.length)] as (typeof from)[number]
    const source = join(home(), 'source')
    growTree(source, next, pick)
    const made = await engine().create(plainly({ type: 'full', paths: [source] }), quiet)
    change(source, next, pick)
    const where = pick(['in-place', 'used', 'new'] as const)
    const target = join(home(), where === 'new' ? 'not/there/yet' : 'target')
    if (where === 'used') {
      growTree(join(target, source), next, pick)
      growTree(target, next, pick, 1)
    }
    const options: RestoreOptions = {
      source: { kind: 'backup', backup: made.backup.id, services: [], paths: next() < 0.3 ? ['a', 'd'] : [] },
      target: where === 'in-place' ? { kind: 'in-place' } : { kind: 'directory', path: target },
      conflict: pick(conflictModes),
      deleteExtra: where !== 'new' && next() < 0.5,
      workers: 1,
    }
    const before = seen()
    const begun = BigInt(Date.now()) * 1_000_000n - 20_000_000n // the kernel's clock ticks more slowly

    const outcome = await restore(options)
    const after = seen()
    if (outcome.undo) expect(await undo(outcome.id)).toBe(0)
    expect(differences(before, seen())).toEqual([])
    expect(await undo(outcome.id)).toBe(0)

    // Interrupted, gone on with, taken back; and taken back after an undo that was interrupted too.
    for (const thenResume of [true, false]) {
      let done: RestoreOutcome | null = null
      for (let attempt = 0; attempt < (thenResume ? 3 : 1) && done === null; attempt++)
        done = await restore(options, dying(createDiskFiles(), 20 + Math.floor(next() * 120))).catch(() => null)
      const [last] = await engine().undoable()
      if (thenResume) {
        const resumed = done ?? (await restore(options))
        if (last?.state === 'interrupted') expect(resumed.id).toBe(last.id)
        expect(differences(settled(after, begun), settled(seen(), begun))).toEqual([])
      }
      const id = await newest()
      await undo(id, dying(createDiskFiles(), 20 + Math.floor(next() * 120))).catch(() => null)
      for (const one of await engine().undoable()) if (one.state !== 'undone') await undo(one.id)
      expect(differences(before, seen())).toEqual([])
    }
  },
)
