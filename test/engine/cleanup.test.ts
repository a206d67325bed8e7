import { existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { acquireLock } from '../../src/engine/platform/lock.ts'
import { pathFromText } from '../../src/model/path.ts'
import { litterOf } from '../e2e/stage.ts'
import { engineAt, plainly } from '../engine-kit.ts'
import { CleanupYard, day, hour } from './cleanup-kit.ts'

async function openYard(configuration: object = {}): Promise<CleanupYard> {
  const yard = new CleanupYard(configuration)
  onTestFinished(() => yard.remove())
  return yard.init()
}

const configured = { kind: 'configured' } as const
const keepTwo = { retention_policies: { all: { retention_days: 2 } } }

function pin(yard: CleanupYard, id: string): void {
  const text = JSON.stringify({ v: 1, at: '2026-11-20T02:00:00.000Z', by: 'x@y', legalHold: null })
  writeFileSync(join(yard.root, 'archives', id, 'pin.json'), text)
}

function archiveIn(directory: string): string {
  return join(directory, readdirSync(directory).find((name) => name.includes('.tar.'))!)
}

function lockOf(yard: CleanupYard, name: string) {
  return acquireLock(createDiskFiles(), pathFromText(join(yard.root, 'locks', name)), {
    waitMs: 0,
    signal: new AbortController().signal,
    clock: systemClock,
    holder: { pid: process.pid, run: 'test', command: 'test', since: 'now' },
  })
}

describe('whose rules', () => {
  test('where nobody configured anything, a cleanup by itself lets nothing go', async () => {
    const yard = await openYard()
    const ids = await yard.makeMany(3)
    yard.now += 1000 * day
    expect(await yard.clean(configured)).toMatchObject({ exitCode: 0, deleted: [], marked: 0 })
    expect((await yard.list()).ids).toEqual(ids)
    expect((await yard.engine.planCleanup(configured)).policy).toContain('nothing is configured')
  })

  test('a person who names no counts gets the last ten and thirty days, where nothing is configured', async () => {
    const yard = await openYard()
    const ids = await yard.makeMany(12)
    expect((await yard.clean(yard.byHand(null))).deleted).toEqual([])
    yard.now += 60 * day
    const plan = await yard.engine.planCleanup(yard.byHand(null))
    expect(plan).toMatchObject({ policy: '--keep 10, --days 30, as nothing is configured' })
    expect(plan.plan.delete).toEqual(ids.slice(0, 2))
    expect((await yard.clean(yard.byHand(null))).deleted).toEqual(ids.slice(0, 2))
  })

  test('a person who names no counts gets what is configured, without its grace', async () => {
    const yard = await openYard(keepTwo)
    const ids = await yard.makeMany(4)
    expect((await yard.clean(yard.byHand(null))).deleted).toEqual(ids.slice(0, 2))
  })

  test('counts stand in the place of what is configured, but for a legal hold of it', async () => {
    const yard = await openYard({
      retention_policies: { all: { retention_days: 300 }, web: { retention_days: 3, legal_hold_enabled: true } },
    })
    const web = await yard.makeMany(5)
    const mail = await yard.makeMany(3, 'full', 'mail')
    yard.now -= 3 * day // the last three of web are within three days then
    const { decisions } = await yard.engine.planCleanup(yard.byHand({ keep: 1 }))
    expect(
      decisions
        .filter(({ held }) => held)
        .map(({ backup }) => backup)
        .reverse(),
    ).toEqual(web.slice(2))
    yard.now += 3 * day
    expect((await yard.clean(yard.byHand({ keep: 1 }))).deleted.toSorted()).toEqual(
      [...web.slice(0, 4), ...mail.slice(0, 2)].sort(),
    )
  })

  test('counts that are all off keep everything, whatever a legal hold leaves out', async () => {
    const yard = await openYard({ retention_policies: { web: { retention_days: 1, legal_hold_enabled: true } } })
    const ids = await yard.makeMany(3)
    yard.now += 30 * day
    expect((await yard.clean(yard.byHand({ keep: 0, days: 0 }))).deleted).toEqual([])
    expect((await yard.list()).ids).toEqual(ids)
  })
})

test('what a policy holds is not deleted by its id either', async () => {
  const yard = await openYard({ retention_policies: { web: { retention_days: 2, legal_hold_enabled: true } } })
  const [old, held] = await yard.makeMany(4)
  const refusal = { code: 'E_PINNED', message: `${held} is under legal hold: retention_policies.web` }
  yard.now -= day
  await expect(yard.engine.planDelete(held!)).rejects.toMatchObject(refusal)
  await expect(yard.engine.delete(held!, yard.during)).rejects.toMatchObject(refusal)
  expect((await yard.engine.delete(old!, yard.during)).id).toBe(old)
})

describe('a grace', () => {
  test('marks first, and deletes by the first cleanup after it; a mark is lifted where the rules change', async () => {
    const yard = await openYard({ ...keepTwo, cleanup_schedule: { grace_period_hours: 36 } })
    const [a, b, c, d] = await yard.makeMany(4)
    expect(await yard.clean(configured)).toMatchObject({ exitCode: 0, deleted: [], marked: 2, unmarked: 0 })
    expect(yard.told('notice')).toEqual([expect.stringContaining(b!), expect.stringContaining(a!)])
    expect((await yard.list()).entries.map(({ expiringSince }) => expiringSince ?? null)).toEqual([
      null,
      null,
      '2026-11-05T02:00:00.000Z',
      '2026-11-05T02:00:00.000Z',
    ])
    yard.now += 35 * hour
    expect(await yard.clean(configured)).toMatchObject({ deleted: [], marked: 1 })
    yard.configure({ retention_policies: { all: { retention_days: 5 } }, cleanup_schedule: { grace_period_hours: 36 } })
    expect(await yard.clean(configured)).toMatchObject({ deleted: [], unmarked: 2 })
    yard.configure({ ...keepTwo, cleanup_schedule: { grace_period_hours: 36 } })
    expect(await yard.clean(configured)).toMatchObject({ deleted: [], marked: 2 })
    yard.now += 36 * hour
    expect((await yard.clean(configured)).deleted).toEqual([a, b, c])
    expect((await yard.list()).ids).toEqual([d])
  })

  test('a mark from a clock that ran ahead counts from now', async () => {
    const yard = await openYard(keepTwo)
    const [a] = await yard.makeMany(3)
    yard.now += 1000 * day
    await yard.clean(configured)
    yard.now -= 1000 * day
    expect(await yard.clean(configured)).toMatchObject({ deleted: [], marked: 1, unmarked: 1 })
    yard.now += day
    expect((await yard.clean(configured)).deleted).toEqual([a])
  })
})

describe('what goes', () => {
  test('goes batch after batch, each with one change of the catalog before and one after', async () => {
    const yard = await openYard({ cleanup_schedule: { batch_size: 2 } })
    const ids = await yard.makeMany(6)
    const { gen } = yard.catalog()
    const freed = (await yard.list()).entries.slice(1).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const outcome = await yard.clean(yard.byHand({ keep: 1 }))
    expect(outcome).toMatchObject({ exitCode: 0, deleted: ids.slice(0, 5), freedBytes: freed, left: [] })
    expect(yard.catalog().gen - gen).toBe(6)
    expect(yard.events.filter(({ kind }) => kind === 'progress').at(-1)).toMatchObject({
      doneEntries: 5,
      totalEntries: 5,
    })
    expect(yard.events.at(-1)).toMatchObject({ report: { deleted: ids.slice(0, 5), left: [], freedBytes: freed } })
    expect(litterOf(yard.root)).toEqual([])
    expect(await yard.faults()).toEqual([])
  })

  test('goes before what it needs; what a backup that stays needs, stays', async () => {
    const yard = await openYard()
    const first = await yard.makeMany(3, 'incremental')
    const second = await yard.makeMany(3, 'incremental')
    const { deleted } = await yard.clean(yard.byHand({ keep: 2 }))
    expect(deleted).toEqual([first[2], first[1], first[0]])
    expect((await yard.list()).ids).toEqual(second)
    expect(await yard.faults()).toEqual([])
  })

  test('is what a person has seen; what is ripe besides waits for the next time', async () => {
    const yard = await openYard()
    const ids = await yard.makeMany(5)
    expect(await yard.clean(yard.byHand({ keep: 1 }), [ids[1]!, ids[2]!])).toMatchObject({
      exitCode: 0,
      deleted: [ids[1], ids[2]],
      left: [],
    })
    expect((await yard.list()).ids).toEqual([ids[0], ids[3], ids[4]])
  })

  test('what a person has seen and what is not to go any more is left, and said why', async () => {
    const yard = await openYard()
    const ids = await yard.makeMany(3)
    expect(await yard.clean(yard.byHand({ keep: 2 }), ids)).toMatchObject({
      exitCode: 3,
      deleted: [ids[0]],
      left: [
        { id: ids[2], because: 'newest #1 of 2; newest good backup of web' },
        { id: ids[1], because: 'newest #2 of 2' },
      ],
    })
    expect(yard.told('warning')).toContain(`${ids[1]} stays: newest #2 of 2`)
  })
})

describe('what is in the way', () => {
  test('a pin that the catalog does not know of holds, and so it does what the pinned backup needs', async () => {
    const yard = await openYard()
    const ids = await yard.makeMany(3, 'incremental')
    const last = await yard.make('full')
    pin(yard, ids[1]!)
    const { exitCode, deleted, left } = await yard.clean(yard.byHand({ keep: 1 }))
    expect({ exitCode, deleted }).toEqual({ exitCode: 3, deleted: [ids[2]] })
    expect(left).toEqual([
      { id: ids[1], because: expect.stringContaining('is pinned since') },
      { id: ids[0], because: `${ids[0]} is needed by ${ids[1]}` },
    ])
    expect((await yard.list()).ids).toEqual([ids[0], ids[1], last])
    expect(yard.catalog().backups.some(({ deleting }) => deleting)).toBe(false)
    expect(await yard.faults()).toEqual([])
  })

  test('a service that is busy is left for the next time, and others are not', async () => {
    const yard = await openYard()
    const web = await yard.makeMany(2)
    const mail = await yard.makeMany(2, 'full', 'mail')
    const held = await lockOf(yard, 'service-web')
    const outcome = await yard.clean(yard.byHand({ keep: 1 }))
    held.release()
    expect(outcome).toMatchObject({ exitCode: 3, deleted: [mail[0]], left: [{ id: web[0] }] })
    expect(outcome.left[0]!.because).toMatch(/^the service web is busy: .* is held by process \d+ \(test\)/)
    expect((await yard.clean(yard.byHand({ keep: 1 }))).deleted).toEqual([web[0]])
  })

  test('a backup that somebody reads is left, and so is what it needs; delete refuses it', async () => {
    const yard = await openYard()
    const ids = await yard.makeMany(2, 'incremental')
    await yard.make('full')
    const browser = await yard.engine.browse({ backup: ids[1]!, services: [] })
    const { exitCode, left } = await yard.clean(yard.byHand({ keep: 1 }))
    expect({ exitCode, left }).toEqual({
      exitCode: 3,
      left: [
        { id: ids[1], because: `${ids[1]} is in use by process ${process.pid}` },
        { id: ids[0], because: `${ids[0]} is needed by ${ids[1]}` },
      ],
    })
    await expect(yard.engine.delete(ids[1]!, yard.during)).rejects.toMatchObject({ code: 'E_BUSY' })
    browser.close()
    expect((await yard.clean(yard.byHand({ keep: 1 }))).deleted).toEqual([ids[1], ids[0]])
  })

  test.each([
    ['damaged', (path: string) => writeFileSync(path, 'torn')],
    ['missing', (path: string) => rmSync(path)],
  ])('a catalog that is %s: nothing is decided on half knowledge', async (_, break_) => {
    const yard = await openYard()
    const ids = await yard.makeMany(3)
    break_(join(yard.root, 'metadata.json'))
    const refusal = { code: 'E_CATALOG', hint: 'run: holdfast rebuild' }
    await expect(yard.engine.planCleanup(yard.byHand({ keep: 1 }))).rejects.toMatchObject(refusal)
    await expect(yard.clean(yard.byHand({ keep: 1 }))).rejects.toMatchObject(refusal)
    await expect(yard.engine.delete(ids[0]!, yard.during)).rejects.toMatchObject({ code: 'E_CATALOG' })
    expect((await yard.list()).ids).toEqual(ids)
    await yard.engine.rebuild(yard.during)
    expect((await yard.clean(yard.byHand({ keep: 1 }))).deleted).toEqual(ids.slice(0, 2))
  })

  test.each([
    ['a manifest that is torn', (directory: string) => writeFileSync(join(directory, 'manifest.json'), 'torn')],
    ['no manifest', (directory: string) => rmSync(join(directory, 'manifest.json'))],
    ['no archive', (directory: string) => rmSync(archiveIn(directory))],
    ['an archive that is cut', (directory: string) => truncateSync(archiveIn(directory), 100)],
  ])('one with %s takes no good one’s place, and nothing that needs it does', async (_, break_) => {
    const yard = await openYard()
    const [old, good] = [await yard.make(), await yard.make()]
    const broken = [await yard.make(), await yard.make('incremental'), await yard.make('incremental')]
    break_(join(yard.root, 'archives', broken[0]!))
    expect((await yard.clean(yard.byHand({ keep: 1 }))).deleted).toEqual([old])
    expect((await yard.list()).ids).toEqual(expect.arrayContaining([good]))
    await yard.make()
    expect((await yard.clean(yard.byHand({ keep: 1 }))).deleted).toEqual(expect.arrayContaining([good]))
  })

  test('a backup of which nothing is known may need any other: nothing goes', async () => {
    const yard = await openYard()
    const ids = await yard.makeMany(3, 'incremental')
    writeFileSync(join(yard.root, 'archives', ids[2]!, 'manifest.json'), 'torn')
    // As long as the catalog knows what it needs, that is believed.
    expect((await yard.clean(yard.byHand({ keep: 1 }))).deleted).toEqual([])
    const whole = readFileSync(join(yard.root, 'metadata.json'))
    rmSync(join(yard.root, 'metadata.json'))
    await yard.engine.rebuild(yard.during)
    await expect(yard.clean(yard.byHand({ keep: 1 }))).rejects.toMatchObject({ code: 'E_NEEDED' })
    writeFileSync(join(yard.root, 'metadata.json'), whole)
    expect((await yard.list()).ids).toEqual(ids)
  })

  test('backups of paths whose paths cannot be told stay, and a plan says so', async () => {
    const yard = await openYard()
    const paths = [join(yard.home, 'web')]
    for (let at = 0; at < 3; at++) {
      await yard.engine.create(plainly({ type: 'full', paths }), yard.during)
      yard.now += day
    }
    expect((await yard.engine.planCleanup(yard.byHand({ keep: 1 }))).plan.delete).toHaveLength(2)
    const { root, home } = yard
    const stranger = engineAt({ root, home, key: '', keyFile: join(home, 'no-such.key') })
    const plan = await stranger.planCleanup(yard.byHand({ keep: 1 }))
    expect(plan.plan.delete).toEqual([])
    expect(plan.notices).toEqual([expect.stringMatching(/^of 3 backups it cannot be told what paths/)])
  })
})

describe('a deletion that died', () => {
  async function halfDone(): Promise<{ yard: CleanupYard; gone: string; there: string; last: string }> {
    const yard = await openYard()
    const [gone, there, last] = (await yard.makeMany(3)) as [string, string, string]
    // As a process leaves it that was killed after it had taken the first of two out.
    await yard.rewrite((entry) => (entry.id === last ? entry : { ...entry, deleting: true }))
    renameSync(join(yard.root, 'archives', gone), join(yard.home, gone))
    return { yard, gone, there, last }
  }

  test('is no trouble to whoever lists, and the next cleanup finishes it', async () => {
    const { yard, there, last } = await halfDone()
    expect(await yard.list()).toMatchObject({ ids: [there, last], problems: [] })
    expect(await yard.engine.status()).toMatchObject({ backups: 2 })
    expect(litterOf(yard.root)).toHaveLength(1)
    expect(await yard.clean(yard.byHand({ keep: 5 }))).toMatchObject({ exitCode: 0, deleted: [], left: [] })
    expect(yard.catalog().backups.map(({ id, deleting }) => [id, deleting])).toEqual([
      [there, undefined],
      [last, undefined],
    ])
    expect(litterOf(yard.root)).toEqual([])
    expect(await yard.faults()).toEqual([])
  })

  test('is finished by the next delete too', async () => {
    const { yard, there, last } = await halfDone()
    await yard.engine.delete(last, yard.during)
    expect(yard.catalog().backups.map(({ id, deleting }) => [id, deleting])).toEqual([[there, undefined]])
    expect(litterOf(yard.root)).toEqual([])
  })

  test('what is to go still goes', async () => {
    const { yard, there, last } = await halfDone()
    expect((await yard.clean(yard.byHand({ keep: 1 }))).deleted).toEqual([there])
    expect(yard.catalog().backups.map(({ id }) => id)).toEqual([last])
    expect(existsSync(join(yard.root, 'archives', there))).toBe(false)
    expect(readdirSync(join(yard.root, 'temp'))).toEqual([])
  })
})
