import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { acquireLock } from '../../src/engine/platform/lock.ts'
import { pathFromText } from '../../src/model/path.ts'
import { Stage } from './stage.ts'

let stage: Stage
let id = ''

beforeAll(async () => {
  stage = new Stage()
  mkdirSync(stage.at('source'))
  writeFileSync(stage.at('source', 'a'), 'a')
  const { last } = await stage.json(['create', stage.at('source')])
  id = (last['backup'] as { id: string }).id
})
afterAll(() => stage.remove())

async function held(): Promise<unknown> {
  const { last } = await stage.json(['list'])
  const [{ pinned, legalHold } = { pinned: null, legalHold: null }] = last['backups'] as {
    pinned: boolean
    legalHold: string | null
  }[]
  return { pinned, legalHold }
}

test('a pinned backup is refused to delete, and pinning it again changes nothing', async () => {
  expect((await stage.json(['pin', 'latest'])).last).toMatchObject({
    pin: { id, pinned: true, legalHold: null, changed: true },
    exitCode: 0,
  })
  expect((await stage.json(['pin', id])).last).toMatchObject({ pin: { changed: false }, exitCode: 0 })
  expect(await held()).toEqual({ pinned: true, legalHold: null })
  expect(await stage.json(['delete', id, '--yes'])).toMatchObject({
    code: 1,
    last: { kind: 'error', code: 'E_PINNED', hint: `to let go of it: holdfast unpin ${id}` },
  })
  expect(readdirSync(join(stage.root, 'archives'))).toEqual([id])
})

test('a pin is part of the backup: rebuild finds it, an export takes it along', async () => {
  rmSync(join(stage.root, 'metadata.json'))
  expect(await held()).toEqual({ pinned: true, legalHold: null })
  await stage.succeed(['rebuild'])
  expect(await held()).toEqual({ pinned: true, legalHold: null })
  const tar = await stage.run(['export', id, '-'], { shell: '"$@" | tar -t' })
  expect(tar.stdout).toContain(`archives/${id}/pin.json\n`)
  expect(await stage.run(['verify', id])).toMatchObject({ code: 0 })
})

test('a legal hold is only lifted with the whole id, and what was done is in the log', async () => {
  const why = 'case 2026-17 ☃'
  expect((await stage.json(['pin', id, '--legal-hold', why])).last).toMatchObject({
    pin: { legalHold: why, changed: true },
  })
  expect((await stage.json(['pin', id])).last).toMatchObject({ pin: { legalHold: why, changed: false } })
  expect(await stage.json(['pin', id, '--legal-hold', 'another'])).toMatchObject({
    code: 1,
    last: { code: 'E_PINNED' },
  })
  expect(await held()).toEqual({ pinned: true, legalHold: why })
  expect(await stage.json(['delete', id, '--yes'])).toMatchObject({ code: 1, last: { code: 'E_PINNED' } })
  for (const args of [
    ['unpin', id],
    ['unpin', id, '--confirm', id.slice(-4)],
  ])
    expect(await stage.json(args)).toMatchObject({
      code: 2,
      last: { code: 'E_CONFIRM', message: expect.stringContaining(why) },
    })
  expect(await held()).toEqual({ pinned: true, legalHold: why })
  const { last } = await stage.json(['unpin', id.slice(-4), '--confirm', id])
  expect(last).toMatchObject({ pin: { id, pinned: false, legalHold: null, changed: true } })
  expect(existsSync(join(stage.root, 'archives', id, 'pin.json'))).toBe(false)
  expect(await held()).toEqual({ pinned: false, legalHold: null })
  const log = readFileSync(join(stage.root, 'runs', `${last['run']}.ndjson`), 'utf8')
  expect(JSON.parse(log.trim().split('\n').at(-1) ?? '')).toMatchObject({
    kind: 'finished',
    report: { backup: id, changed: true, pinned: false, legalHold: why, by: expect.stringContaining('@') },
  })
  expect((await stage.json(['unpin', id])).last).toMatchObject({ pin: { changed: false }, exitCode: 0 })
})

test('a pin that cannot be read holds all the same', async () => {
  await stage.succeed(['pin', id])
  writeFileSync(join(stage.root, 'archives', id, 'pin.json'), '{"v":1,"at"')
  expect(await stage.json(['delete', id, '--yes'])).toMatchObject({ code: 1, last: { code: 'E_PINNED' } })
  expect(await stage.json(['unpin', id])).toMatchObject({ code: 2, last: { code: 'E_CONFIRM' } })
  // It may be a legal hold, which a plain pin must not take the place of.
  expect(await stage.json(['pin', id])).toMatchObject({ code: 1, last: { code: 'E_PINNED' } })
  expect(await stage.json(['unpin', id])).toMatchObject({ code: 2, last: { code: 'E_CONFIRM' } })
  await stage.succeed(['unpin', id, '--confirm', id])
})

test('a catalog that cannot be changed does not undo a pin: exit 3, and delete still refuses', async () => {
  const catalog = readFileSync(join(stage.root, 'metadata.json'))
  writeFileSync(join(stage.root, 'metadata.json'), 'torn')
  expect(await stage.json(['pin', id])).toMatchObject({ code: 3, last: { pin: { pinned: true } } })
  writeFileSync(join(stage.root, 'metadata.json'), catalog)
  expect(await stage.json(['delete', id, '--yes'])).toMatchObject({ code: 1, last: { code: 'E_PINNED' } })
  await stage.succeed(['unpin', id])
})

test('a backup is deleted or pinned, never both: one waits for the other', async () => {
  const held = await acquireLock(createDiskFiles(), pathFromText(join(stage.root, 'locks', 'pins')), {
    waitMs: 0,
    signal: new AbortController().signal,
    clock: systemClock,
    holder: { pid: process.pid, run: 'test', command: 'test', since: '' },
  })
  const deleting = stage.start(['delete', id, '--yes', '--json'])
  await deleting.until('"started"') // past what it looks at first, before the lock
  writeFileSync(
    join(stage.root, 'archives', id, 'pin.json'),
    JSON.stringify({ v: 1, at: '2026-11-20T02:00:00.000Z', by: 'x@y', legalHold: null }),
  )
  held.release()
  expect(await deleting.ended).toMatchObject({ code: 1, stdout: expect.stringContaining('"E_PINNED"') })
  expect(readdirSync(join(stage.root, 'archives'))).toEqual([id])
  await stage.succeed(['unpin', id])
  await stage.succeed(['delete', id, '--yes'])
  expect(readdirSync(join(stage.root, 'archives'))).toEqual([])
})
