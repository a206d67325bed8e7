import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobRequestSchema } from '../../../src/model/job-request.ts'
import { engineAt, plainly } from '../../engine-kit.ts'

const home = mkdtempSync(join(tmpdir(), 'holdfast-several-'))
const root = join(home, 'backup')
const during = { signal: AbortSignal.timeout(60_000), listen: () => {} }
const open = () => engineAt({ root, home, key: 'ab'.repeat(32) })
/** Oldest first. */
const ids: string[] = []
beforeAll(async () => {
  mkdirSync(join(home, 'source'))
  writeFileSync(join(home, 'source', 'file'), 'content')
  for (let made = 0; made < 5; made++) {
    const { backup } = await open().create(plainly({ type: 'full', paths: [join(home, 'source')] }), during)
    ids.push(backup.id)
  }
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

function verifications(): string[] {
  return readdirSync(join(root, 'runs')).filter((name) => name.includes('-verify-'))
}

/** The one log of a verification that was not there before. */
function newLog(before: readonly string[]): string {
  const [name = ''] = verifications().filter((one) => !before.includes(one))
  return readFileSync(join(root, 'runs', name), 'utf8')
}

test('backups that are named are verified in one run, the newest reported first, each once, and no other', async () => {
  const before = verifications()
  const [oldest = '', , third = '', , newest = ''] = ids
  const backups = [third, oldest.slice(-4), 'latest', third, newest]
  const { reports, exitCode } = await open().verify({ backups, level: 'scrub', workers: null }, during)
  expect(exitCode).toBe(0)
  expect(reports.map(({ id, ok }) => ({ id, ok }))).toEqual([newest, third, oldest].map((id) => ({ id, ok: true })))
  expect(verifications()).toHaveLength(before.length + 1)
  expect(newLog(before)).toContain(`"about":"scrub: 3 backups: ${newest}, ${third}, ${oldest}"`)
  const { backups: listed } = await open().list({ type: null, services: [], days: null })
  const known = new Map(listed.map(({ id, verified }) => [id, verified?.level ?? null]))
  expect(ids.map((id) => known.get(id))).toEqual(['scrub', null, 'scrub', null, 'scrub'])
})

test('of many backups the log names three and says how many more', async () => {
  const before = verifications()
  await open().verify({ backups: ids, level: 'scrub', workers: null }, during)
  expect(newLog(before)).toContain(`"about":"scrub: 5 backups: ${ids.toReversed().slice(0, 3).join(', ')} and 2 more"`)
})

test('where one of the named is unknown, or none is named, nothing is begun', async () => {
  const before = verifications()
  const unknown = open().verify({ backups: [ids[0] ?? '', 'nosuch'], level: 'full', workers: null }, during)
  await expect(unknown).rejects.toMatchObject({ code: 'E_UNKNOWN_ID' })
  const none = open().verify({ backups: [], level: 'full', workers: null }, during)
  await expect(none).rejects.toMatchObject({ code: 'E_USAGE' })
  expect(verifications()).toEqual(before)
})

test('damage in one of several ends with 4, and the others are whole', async () => {
  const [, second = '', third = ''] = ids
  const folder = join(root, 'archives', second)
  const archive = readdirSync(folder).find((name) => name.includes('.tar')) ?? ''
  truncateSync(join(folder, archive), 100)
  const { reports, exitCode } = await open().verify({ backups: [second, third], level: 'full', workers: 1 }, during)
  expect(exitCode).toBe(4)
  expect(reports.map(({ id, ok }) => [id, ok])).toEqual([
    [third, true],
    [second, false],
  ])
})

test('what was proven before an interruption stays known, and nothing else does', async () => {
  const controller = new AbortController()
  const [first = '', , third = '', fourth = ''] = ids
  const before = await proofs()
  const interrupted = open().verify(
    { backups: [first, third, fourth], level: 'quick', workers: 1 },
    {
      signal: controller.signal,
      // The oldest is looked at first.
      listen(event) {
        if (event.kind === 'phase' && event.phase === `verifying ${third}`) controller.abort()
      },
    },
  )
  await expect(interrupted).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
  const after = await proofs()
  expect(after.get(first)).toMatchObject({ level: 'quick', ok: true })
  for (const id of [third, fourth]) expect(after.get(id)).toEqual(before.get(id))
})

async function proofs() {
  const { backups } = await open().list({ type: null, services: [], days: null })
  return new Map(backups.map(({ id, verified }) => [id, verified]))
}

test('a job takes several ids, all, and never none', () => {
  const request = (backups: unknown) => ({ kind: 'verify', options: { backups, level: 'full', workers: null } })
  expect(jobRequestSchema.safeParse(request(['a', 'b'])).success).toBe(true)
  expect(jobRequestSchema.safeParse(request(null)).success).toBe(true)
  for (const backups of [[], [''], 'a', undefined])
    expect(jobRequestSchema.safeParse(request(backups)).success).toBe(false)
})
