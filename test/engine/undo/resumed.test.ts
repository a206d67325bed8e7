import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import type { RestoreOptions } from '../../../src/model/planned-restore.ts'
import { plainly } from '../../engine-kit.ts'
import { differences, dying, engine, home, newest, quiet, restore, seen, undo, useHome } from './undo-kit.ts'

/** Restores that were interrupted, gone on with, and taken back: what was before the first attempt is there again. */

useHome()

test('a directory of which only the time would have moved has the one it had before the first attempt', async () => {
  const source = join(home(), 'source')
  mkdirSync(source)
  for (let file = 0; file < 4; file++) writeFileSync(join(source, `${file}`), `ours ${file}`)
  utimesSync(source, 1_500_000_000, 1_500_000_000)
  const { backup } = await engine().create(plainly({ type: 'full', paths: [source] }), quiet)
  for (let file = 0; file < 4; file++) writeFileSync(join(source, `${file}`), `theirs ${file}`)
  const before = seen()
  const options: RestoreOptions = {
    source: { kind: 'backup', backup: backup.id, services: [], paths: [] },
    target: { kind: 'in-place' },
    conflict: 'overwrite',
    workers: 1,
  }
  await expect(restore(options, dying(createDiskFiles(), 1, new Set(['setTime'])))).rejects.toThrow()
  expect(differences(before, seen())).not.toEqual([])
  const id = await newest()
  expect((await restore(options)).id).toBe(id)
  expect(await undo(id)).toBe(0)
  expect(differences(before, seen())).toEqual([])
})
