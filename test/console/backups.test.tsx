import { expect, test } from 'vitest'
import { key, openConsole, pasted } from './harness.tsx'
import { backupId, sampleBackups, suffixOf } from './sample.ts'

function cursorRow(frame: string): string {
  return frame.split('\n').find((line) => line.startsWith('▸')) ?? ''
}

test('is newest first with the cursor on the newest, and shows the end of its id at 80 columns and 60', async () => {
  for (const [columns, rows] of [
    [80, 24],
    [60, 16],
  ] as const) {
    const console = await openConsole({ columns, rows })
    await console.keys('2')
    const frame = await console.until('Backups 40')
    expect(cursorRow(frame)).toContain(suffixOf(0))
    expect(frame).toContain(backupId(0, 'incremental'))
  }
})

test('finds one among 100,000 while its name is typed', async () => {
  const console = await openConsole({ backups: sampleBackups(100_000) })
  await console.keys('2')
  await console.until('Backups 100,000')
  await console.keys('/')
  for (const letter of suffixOf(77_777)) await console.keys(letter)
  await console.until(/ [1-9]\d? of 100,000/)
  await console.keys(key.enter)
  await console.until(backupId(77_777, 'incremental'))
})

test('goes to both ends of 100,000', async () => {
  const console = await openConsole({ backups: sampleBackups(100_000) })
  await console.keys('2G')
  expect(cursorRow(await console.until(suffixOf(99_999)))).toContain(suffixOf(99_999))
  await console.keys(key.pageUp)
  expect(cursorRow(console.frame())).not.toContain(suffixOf(99_999))
  await console.keys('g')
  expect(cursorRow(await console.until(suffixOf(0)))).toContain(suffixOf(0))
})

test('a filter that makes no sense says so and keeps what it had', async () => {
  const console = await openConsole()
  await console.keys('2/web')
  await console.until('8 of 40')
  await console.keys(pasted(' wrong:x'))
  const frame = await console.until('no field wrong')
  expect(frame).toContain('8 of 40')
  await console.keys(key.escape)
  await console.until('Backups 40')
})

test.each([
  ['/!web', '32 of 40'],
  ['/service:mail type:full', '1 of 40'],
  ['/status:damaged', '1 of 40'],
  ['/verified:never', '14 of 40'],
  ['/keep:pin', '1 of 40'],
  ['/size:>60M', ' of 40'],
  ['/age:<1d', '7 of 40'],
])('filters by %s', async (keys, count) => {
  const console = await openConsole()
  await console.type(`2${keys}`)
  await console.until(count)
})

test('an empty list says why and what to do', async () => {
  const console = await openConsole({ backups: [] })
  await console.keys('2')
  await console.until('No backups yet')
  const other = await openConsole()
  await other.keys('2/nothing is called so')
  await other.until('Nothing matches')
})

test('pins the marked ones after y, and nothing on Enter', async () => {
  const pinned: string[] = []
  const console = await openConsole({
    engine: {
      async pin({ backup }) {
        pinned.push(backup)
        return { exitCode: 0, run: 'r', id: backup, pinned: true, legalHold: null, changed: true }
      },
    },
  })
  await console.keys('2  P')
  await console.until('Pin 2 backups?')
  await console.keys(key.enter)
  expect(pinned).toEqual([])
  await console.keys('y')
  await console.until('2 backups pinned')
  expect(pinned).toEqual([backupId(0, 'incremental'), backupId(1, 'incremental')])
  expect(console.favours).toContain('flush 300')
})

test('y typed ahead of the question does not answer it', async () => {
  const console = await openConsole()
  await console.keys('2Py')
  await console.until('[ Cancel ]')
  expect(console.calls.map(({ method }) => method)).not.toContain('pin')
})

test('lifts a legal hold only for its whole id, which cannot be pasted', async () => {
  const backups = sampleBackups(3).map((entry) => ({ ...entry, pinned: true, legalHold: 'case 17' }))
  const console = await openConsole({ backups })
  await console.keys('2P')
  await console.until('case 17')
  await console.keys(pasted(backups[0]!.id))
  await console.until('pasting is not taken here')
  await console.keys('nonsense\r')
  await console.until('that is not the backup id')
  await console.type(`\x15${backups[0]!.id}`)
  expect(console.calls.map(({ method }) => method)).not.toContain('unpin')
  await console.keys(key.enter)
  await console.until('unpinned')
  expect(console.calls.findLast(({ method }) => method === 'unpin')?.options).toEqual({
    backup: backups[0]!.id,
    confirm: backups[0]!.id,
  })
})

test('deletes a backup by a job, once its id was typed', async () => {
  const console = await openConsole()
  await console.keys('2D')
  await console.until('Delete this backup?')
  await console.keys('y\r')
  await console.until('that is not the backup id')
  const id = '2026-11-20T02-00-00Z-full-7f3k'
  await console.type(`\x15${id}\r`)
  await console.until('following')
  expect(console.jobs.started).toEqual([{ kind: 'delete', backup: id }])
})

test('starts a verification and goes on to its run', async () => {
  const console = await openConsole()
  await console.keys('2V')
  await console.until('how?')
  await console.keys(`k${key.enter}`)
  await console.until('holdfast verify')
  await console.keys('y')
  await console.until('following')
  expect(console.jobs.started).toEqual([
    { kind: 'verify', options: { backups: [backupId(0, 'incremental')], level: 'quick', workers: null } },
  ])
})

test('starts a drill after y and goes on to its run; read-only there is none', async () => {
  const console = await openConsole()
  await console.keys('2T')
  expect(await console.until('Drill aaaa?')).toContain(`holdfast drill ${backupId(0, 'incremental')}`)
  expect(console.jobs.started).toEqual([])
  await console.keys('y')
  await console.until('following')
  const options = {
    backup: backupId(0, 'incremental'),
    services: [],
    check: null,
    keep: false,
    scratch: null,
    workers: null,
  }
  expect(console.jobs.started).toEqual([{ kind: 'drill', options }])
  const watching = await openConsole({ readOnly: true })
  await watching.keys('2T')
  await watching.until('Backups')
  expect(watching.frame()).not.toContain('Drill aaaa?')
})

test('sorts, and the cursor stays on its backup', async () => {
  const console = await openConsole()
  await console.keys(`2${key.down}${key.down}`)
  await console.keys(`o${key.down}${key.enter}`)
  const frame = await console.until('oldest first')
  expect(cursorRow(frame)).toContain(suffixOf(2))
})

test('trouble with the catalog is told above the list', async () => {
  const problem = 'metadata.json is damaged: torn; this was read from archives/ instead; run: holdfast rebuild'
  const console = await openConsole({
    engine: { list: async () => ({ backups: sampleBackups(3), problems: [problem] }) },
  })
  await console.keys('2')
  await console.until('! metadata.json is damaged')
})

test('copies the id of a backup', async () => {
  const console = await openConsole()
  await console.keys('2y')
  await console.until('is in the clipboard')
  expect(console.favours).toContain(`copy ${backupId(0, 'incremental')}`)
})

test.each(['D', 'P'])(
  'a dialog shows all that will happen and how to answer on the smallest terminal: %s',
  async (opens) => {
    const console = await openConsole({ columns: 60, rows: 16 })
    await console.keys(`2     ${opens}`)
    const frame = await console.until(opens === 'D' ? 'It is gone for good' : 'Pin 4 backups?')
    expect(frame).toContain(opens === 'D' ? 'Enter confirm' : '[ Cancel ]')
    expect(frame).toContain(opens === 'D' ? '> ' : 'Nothing deletes them')
  },
)

test('what does not fit the terminal cannot be answered until it does', async () => {
  const backups = sampleBackups(3).map((entry) => ({
    ...entry,
    pinned: true,
    legalHold: 'a very long reason '.repeat(40),
  }))
  const console = await openConsole({ backups, columns: 60, rows: 16 })
  await console.keys('2P')
  await console.until('make the terminal larger to answer')
  await console.type(`${backups[0]!.id}\r`)
  expect(console.calls.map(({ method }) => method)).not.toContain('unpin')
  await console.resize(100, 40)
  await console.untilGone('make the terminal larger')
  await console.keys(key.enter)
  await console.until('unpinned')
})
