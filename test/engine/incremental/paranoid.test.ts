import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../../src/engine/platform/clock.ts'
import type { CreateOutcome } from '../../../src/model/create.ts'
import type { Engine } from '../../../src/model/engine.ts'
import { engineAt, plainly } from '../../engine-kit.ts'

const home = mkdtempSync(join(tmpdir(), 'holdfast-paranoid-'))
const [source, changed] = [join(home, 'source'), join(home, 'source', 'changed')]
const during = { signal: AbortSignal.timeout(60_000), listen: () => {} }

let engine: Engine

beforeAll(async () => {
  mkdirSync(source)
  writeFileSync(changed, 'as it was')
  writeFileSync(join(source, 'same'), 'the same')
  utimesSync(changed, 1_600_000_000, 1_600_000_000)
  // An hour ahead of the disk's times, so that these are believed.
  const clock = { ...systemClock, now: () => systemClock.now() + 3_600_000 }
  const key = 'ab'.repeat(32)
  engine = engineAt({
    root: join(home, 'backup'),
    home,
    key,
    clock,
    filesModule: new URL('./hiding-disk.ts', import.meta.url).href,
  })
  await create('full', false)
  process.env['HOLDFAST_HIDDEN'] = `${changed} ${statSync(changed, { bigint: true }).ctimeNs}`
  writeFileSync(changed, 'as it is!')
  utimesSync(changed, 1_600_000_000, 1_600_000_000)
})
afterAll(() => {
  delete process.env['HOLDFAST_HIDDEN']
  rmSync(home, { recursive: true, force: true })
})

function create(type: 'full' | 'incremental', paranoid: boolean): Promise<CreateOutcome> {
  return engine.create(plainly({ type, paths: [source], paranoid }), during)
}

async function contentIn({ backup }: CreateOutcome): Promise<string> {
  let text = ''
  await engine.cat({ backup: backup.id, path: changed, services: [] }, async (bytes) => {
    text += Buffer.from(bytes).toString()
  })
  return text
}

test('--paranoid finds a change that size, times and inode hide, and stores nothing else', async () => {
  const trusting = await create('incremental', false)
  expect(await contentIn(trusting)).toBe('as it was') // it hides indeed
  const paranoid = await create('incremental', true)
  expect(await contentIn(paranoid)).toBe(readFileSync(changed, 'utf8'))
  expect(paranoid.backup).toMatchObject({ type: 'incremental', bytes: 17, reusedBytes: 8 })
})
