import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { OlderContents } from '../../../src/engine/incremental/older-contents.ts'
import { engineAt, plainly } from '../../engine-kit.ts'

const home = mkdtempSync(join(tmpdir(), 'holdfast-not-held-'))
const source = join(home, 'source')
const during = { signal: AbortSignal.timeout(60_000), listen: () => {} }
afterAll(() => {
  vi.restoreAllMocks()
  rmSync(home, { recursive: true, force: true })
})

test('what looked like content of an older backup and is none is stored behind the rest, and full verify knows', async () => {
  mkdirSync(source)
  for (const name of ['early', 'moved-from', 'late']) writeFileSync(join(source, name), `content of ${name}`)
  const engine = engineAt({ root: join(home, 'backup'), home, key: 'ab'.repeat(32) })
  await engine.create(plainly({ type: 'full', paths: [source] }), during)

  renameSync(join(source, 'moved-from'), join(source, 'early-moved'))
  writeFileSync(join(source, 'later'), 'new content')
  // A double: two contents whose hashes begin alike cannot be made.
  const asked = vi.spyOn(OlderContents.prototype, 'find').mockReturnValue(null)
  const { backup } = await engine.create(plainly({ type: 'incremental', paths: [source] }), during)
  expect(asked).toHaveBeenCalled()

  let text = ''
  await engine.cat({ backup: backup.id, path: join(source, 'early-moved'), services: [] }, async (bytes) => {
    text += Buffer.from(bytes).toString()
  })
  expect(text).toBe('content of moved-from')
  const report = await engine.verify({ backups: [backup.id], level: 'full', workers: null }, during)
  expect(report).toMatchObject({ exitCode: 0, reports: [{ problems: [] }] })
})
