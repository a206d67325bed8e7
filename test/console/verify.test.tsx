import { expect, test } from 'vitest'
import { BackupError } from '../../src/model/errors.ts'
import type { JobRequest } from '../../src/model/jobs.ts'
import { key, openConsole } from './harness.tsx'
import { backupId, runningRun, sampleBackups, sampleRun, sampleRuns, suffixOf } from './sample.ts'

function cursorRow(frame: string): string {
  return frame.split('\n').find((line) => line.startsWith('▸')) ?? ''
}

const full = (backups: readonly string[] | null): JobRequest => ({
  kind: 'verify',
  options: { backups, level: 'full', workers: null },
})

test('says of each backup whether, when and how it was verified, and of all how many', async () => {
  const console = await openConsole()
  await console.keys('5')
  const frame = await console.until('Backups 40: 25 whole, 14 never verified, 1 DAMAGED')
  expect(cursorRow(frame)).toMatch(/· aaaa +web .* never$/)
  expect(frame).toMatch(/✔ aaab +mail .* whole +full +11-20 19:00 +5h/)
  await console.keys(`/status:damaged\r`)
  const damaged = await console.until('1 of 40')
  expect(damaged).toMatch(/✖ aaat .* DAMAGED/)
  expect(damaged).toMatch(/DAMAGED; the report of\s+that run says what and where/)
})

test('u puts the oldest that was never verified first, with the cursor on it, and back', async () => {
  const console = await openConsole()
  await console.keys('5')
  await console.until('newest first')
  await console.keys(key.down)
  await console.keys('u')
  expect(cursorRow(await console.until('oldest unverified first'))).toContain(suffixOf(39))
  await console.keys('u')
  expect(cursorRow(await console.until('newest first'))).toContain(suffixOf(0))
})

test('every level says what it proves and what it cannot see', async () => {
  const console = await openConsole()
  await console.keys('5V')
  const menu = await console.until('Verify aaaa: how?')
  expect(menu).toContain('▸ full ')
  for (const [keys, proves, blind] of [
    ['', 'proves: every file can be decrypted', 'blind spot: whether the recovery scripts'],
    ['k', 'proves: the key opens the archives', 'blind spot: reads the ends of an archive only'],
    ['k', 'proves: the archives are byte for byte', 'blind spot: compares with the manifest only'],
    ['jjj', 'proves: the recovery script alone', 'blind spot: any disk or machine but this one'],
  ] as const) {
    if (keys !== '') await console.keys(keys)
    expect(await console.until(proves)).toContain(blind)
  }
})

test('the row under the cursor is verified after y, not after Enter', async () => {
  const console = await openConsole()
  await console.keys(`5${key.down}V${key.enter}`)
  const question = await console.until('Verify aaab?')
  expect(question).toContain(`holdfast verify --level full ${backupId(1, 'incremental')}`)
  expect(question).toContain('36.2 MiB stored')
  await console.keys(key.enter)
  expect(console.jobs.started).toEqual([])
  await console.keys('y')
  await console.until('following')
  expect(console.jobs.started).toEqual([full([backupId(1, 'incremental')])])
  await console.keys(key.escape)
  await console.until(/HOLDFAST › Verify +\S/)
})

test('a marked set waits in the queue, and is one job', async () => {
  const console = await openConsole()
  await console.keys('5')
  await console.until('nothing waits')
  await console.keys(' j ')
  await console.until('2 marked; V starts them as one job: aaaa, aaac')
  await console.keys(`V${key.up}${key.enter}`)
  const question = await console.until('Verify 2 backups?')
  expect(question).toContain('holdfast verify --level quick')
  await console.keys('y')
  await console.until('following')
  expect(console.jobs.started).toEqual([
    {
      kind: 'verify',
      options: { backups: [backupId(0, 'incremental'), backupId(2, 'incremental')], level: 'quick', workers: null },
    },
  ])
  await console.keys(key.escape)
  // What was started does not wait any more.
  await console.until('nothing waits')
})

test('a job that cannot be started leaves the marks as they are', async () => {
  const console = await openConsole()
  console.jobs.start = async () => {
    throw new BackupError('E_KEY_MISSING', 'there is no encryption key', 'set BACKUP_ENCRYPTION_KEY')
  }
  await console.keys(`5  V${key.enter}`)
  await console.until('Verify 2 backups?')
  await console.keys('y')
  await console.until('there is no encryption key')
  await console.keys(key.enter)
  await console.until('2 marked')
})

test('all that there are, marked, are verified by --all; of many the command names a few', async () => {
  const console = await openConsole({ backups: sampleBackups(8) })
  await console.keys(`5${' '.repeat(7)}V${key.enter}`)
  const some = await console.until('Verify 7 backups?')
  expect(some).toContain('(and 1 ids more)')
  await console.keys(key.escape)
  await console.keys(`G V${key.enter}`)
  const all = await console.until('Verify all 8 backups?')
  expect(all).toContain('holdfast verify --level full --all')
  await console.keys('y')
  await console.until('following')
  expect(console.jobs.started).toEqual([full(null)])
})

test('what is gone from archives/ is never asked for', async () => {
  const backups = sampleBackups(3).map((entry, at) => (at === 0 ? { ...entry, missing: true } : entry))
  const console = await openConsole({ backups })
  await console.keys('5')
  await console.until('1 gone')
  await console.keys('V')
  await console.until('gone from archives/: there is nothing to verify')
  await console.keys(`  V${key.enter}`)
  await console.until('Verify aaab?')
  await console.keys('y')
  await console.until('following')
  expect(console.jobs.started).toEqual([full([backupId(1, 'incremental')])])
})

test('marks that a filter hides are not verified unseen', async () => {
  const console = await openConsole()
  await console.keys('5 /photos\r')
  await console.until('8 of 40')
  await console.keys('V')
  await console.until('the marked ones are filtered out')
  expect(console.frame()).not.toContain('how?')
})

test('what runs now is shown with how far it is, followed and cancelled', async () => {
  const run = runningRun(-1, { kind: 'verify', about: 'full: 3 backups', phase: `verifying ${backupId(1)}` })
  const console = await openConsole({ runs: [runningRun(-2), run, ...sampleRuns(9)] })
  await console.keys('5')
  const frame = await console.until('Running 1')
  expect(frame).toContain('full: 3 backups')
  expect(frame).toContain('40%')
  await console.keys('x')
  await console.until('Stop this verify?')
  await console.keys('y')
  await expect.poll(() => console.jobs.cancelled).toEqual([run.id])
  await console.until(/! 11-2. \d\d:\d\d full +interrupted/)
})

test('the history has verifications only, and Enter opens the report of one', async () => {
  const report = { verified: [{ id: backupId(5), level: 'full', ok: false, problems: [] }] }
  const runs = [
    sampleRun(0),
    sampleRun(1),
    sampleRun(2, { state: 'failed', exitCode: 4, report }),
    ...sampleRuns(9).slice(3),
  ]
  const console = await openConsole({ runs })
  await console.keys('5')
  const frame = await console.until(/History 3 +took ▄▄× up to 1 min 30 s/)
  expect(frame).toMatch(/✖ 11-20 21:00 full +DAMAGED/)
  await console.keys(key.tab)
  expect(cursorRow(await console.until(/▸ ✖ 11-20/))).toContain('DAMAGED')
  await console.keys(key.enter)
  await console.until('NOT OK')
  expect(console.frame()).toContain(backupId(5))
  await console.keys(key.escape)
  await console.until(/HOLDFAST › Verify +\S/)
  await console.keys(key.tab)
  await console.until(/▸ · aaaa/)
})

test('a verification that ends meanwhile comes into the history, and the backup into its new state', async () => {
  const run = runningRun(-1, { kind: 'verify', about: `full: ${backupId(0, 'incremental')}` })
  let backups = sampleBackups(5)
  const console = await openConsole({
    runs: [run],
    engine: { list: async () => ({ backups, problems: [] }) },
  })
  await console.keys('5')
  await console.until('Running 1')
  backups = backups.map((entry, at) =>
    at === 0 ? { ...entry, verified: { level: 'full', at: '2026-11-20T23:59:00.000Z', ok: true } } : entry,
  )
  console.jobs.end(run.id, 'done', 0)
  await console.keys('r')
  await console.until(/✔ aaaa .* whole +full/)
  await console.until(/✔ 11-2\d \d\d:\d\d full +whole/)
})

test('read-only: everything is seen, and nothing can be started', async () => {
  const console = await openConsole({ readOnly: true })
  await console.keys('5')
  const frame = await console.until('Backups 40')
  expect(frame).not.toContain('V verify')
  await console.keys('V')
  expect(console.frame()).not.toContain('how?')
})

test('an empty repository and one without verifications say so', async () => {
  const console = await openConsole({ backups: [], runs: [] })
  await console.keys('5')
  await console.until('No backups yet')
  await console.until('Nothing was verified yet')
})

test('finds and marks among 100,000', async () => {
  const console = await openConsole({ backups: sampleBackups(100_000) })
  await console.keys('5')
  await console.until('Backups 100,000')
  await console.keys('uG ')
  await console.until('1 marked; V starts them')
})
