import { expect, test } from 'vitest'
import type { Estimate, EstimateOptions } from '../../src/model/create.ts'
import type { Engine } from '../../src/model/engine.ts'
import { BackupError } from '../../src/model/errors.ts'
import { terminals } from './fits-kit.ts'
import { key, misfits, type OpenedConsole, openConsole, pasted, type Setting } from './harness.tsx'
import { hostileNames } from './hostile.ts'
import { sampleBackups, sampleSources } from './sample.ts'

const ctrl = { g: '\x07', n: '\x0e', o: '\x0f', p: '\x10', t: '\x14' }
const small: Estimate = {
  entries: 13_001,
  files: 12_304,
  bytes: 1_200_000_000,
  changed: null,
  unreadable: 0,
  skipped: {},
  notices: [],
}

/** The wizard over what is configured, and every counting it asked for, to be answered by the test. */
async function openWizard(
  setting: Setting & { readonly sources?: Engine['sources'] } = {},
): Promise<OpenedConsole & { readonly countings: readonly Counting[] }> {
  const countings: Counting[] = []
  const { sources = async () => sampleSources(), ...rest } = setting
  const console = await openConsole({
    ...rest,
    engine: {
      sources,
      estimate: (options, { signal, listen }) =>
        new Promise((resolve, reject) => {
          countings.push({ options, signal, listen, resolve, reject })
          signal.addEventListener('abort', () => reject(new BackupError('E_INTERRUPTED', 'interrupted')))
        }),
      ...rest.engine,
    },
  })
  await console.keys('2B')
  return { ...console, countings }
}

interface Counting {
  readonly options: EstimateOptions
  readonly signal: AbortSignal
  listen(soFar: Estimate): void
  resolve(estimate: Estimate): void
  reject(error: unknown): void
}

/** Resolves once so many countings were begun. */
async function begun(countings: readonly Counting[], count: number): Promise<Counting> {
  await expect.poll(() => countings.length, { timeout: 5000 }).toBe(count)
  return countings[count - 1]!
}

function started(console: OpenedConsole) {
  const [request] = console.jobs.started
  if (request?.kind !== 'create') throw new Error('no create was started')
  return request.options
}

test('marks all services that can be backed up, and says what is wrong with the others', async () => {
  const console = await openWizard()
  const frame = await console.until('Services 2 of 4 marked')
  expect(frame).toMatch(/▸ \[●\] ✔ web/)
  expect(frame).toMatch(/\[●\] ✔ mail/)
  expect(frame).toMatch(/\[ \] ! photos/)
  expect(frame).toMatch(/\[ \] ✖ ledger/)
  await console.keys(key.down + key.down)
  await console.until('! /media/photos: does not exist')
  await console.keys(key.down)
  await console.until('! services of type postgres are not supported yet')
})

test('starts what was chosen after y, and the run takes the place of the wizard', async () => {
  const console = await openWizard()
  await console.until('Services 2 of 4')
  await console.keys(` ${key.down}${key.enter}${key.enter}`)
  await console.until('▸ Review')
  await console.keys('C')
  const question = await console.until('Make this backup?')
  expect(question).toContain('holdfast create --services mail --type incremental')
  await console.keys(key.enter)
  expect(console.jobs.started).toEqual([])
  await console.keys('y')
  await console.until('following')
  expect(console.jobs.started).toEqual([
    {
      kind: 'create',
      options: {
        type: 'incremental',
        paths: [],
        services: ['mail'],
        description: '',
        compression: null,
        exclude: [],
        excludeCaches: false,
        oneFileSystem: false,
        withoutVolumes: false,
        paranoid: false,
        acceptEmpty: false,
        estimate: true,
      },
    },
  ])
  await console.keys(key.escape)
  await console.until(/HOLDFAST › Backups +\S/)
})

test('y that was typed before the question is no answer to it', async () => {
  const console = await openWizard()
  await console.until('Services 2 of 4')
  await console.keys(`${key.enter}${key.enter}Cy`)
  await console.until('Make this backup?')
  expect(console.jobs.started).toEqual([])
})

test('keys of one packet go through the steps as if they came one by one', async () => {
  const console = await openWizard()
  await console.until('Services 2 of 4')
  await console.keys(`a a${key.down} ${key.enter}${key.right}${key.tab}${key.tab}*.log${key.enter}`)
  const frame = await console.until('▸ Review')
  expect(frame).toContain('differential')
  expect(frame).toContain("--exclude '*.log'")
})

test('Esc goes one step back and keeps what was chosen', async () => {
  const console = await openWizard()
  await console.until('Services 2 of 4')
  await console.keys(` ${key.enter}`)
  await console.until('▸ How')
  await console.keys(`${key.right}${key.tab}${key.tab}${key.tab}before the upgrade${ctrl.n}`)
  const review = await console.until('before the upgrade')
  expect(review).toContain('differential')
  for (const [keys, step] of [
    [key.escape, '▸ How'],
    [ctrl.p, '▸ What'],
    [ctrl.n, '▸ How'],
    [key.enter, '▸ Review'],
    ['q', '▸ How'],
    [key.escape, '▸ What'],
  ] as const) {
    await console.keys(keys)
    await console.until(step)
  }
  expect(console.frame()).toContain('Services 1 of 4')
  await console.keys(`${key.enter}${key.enter}`)
  expect((await console.until('▸ Review')).split('\n')).toEqual(review.split('\n'))
})

test('leaving at the first step asks only where something was chosen', async () => {
  const console = await openWizard()
  await console.until('Services 2 of 4')
  await console.keys(key.escape)
  await console.until(/HOLDFAST › Backups +\S/)
  await console.keys('B')
  await console.until('Services 2 of 4')
  await console.keys(` ${key.escape}`)
  await console.until('Leave without a backup?')
  await console.keys(key.escape)
  await console.until('Services 1 of 4')
  await console.keys('qy')
  await console.until('Leave without a backup?')
  await console.keys('y')
  await console.until(/HOLDFAST › Backups +\S/)
})

test('another screen is looked at in between, and the wizard is as it was left', async () => {
  const console = await openWizard()
  await console.until('Services 2 of 4')
  await console.keys(` ${key.enter}${key.enter}6`)
  await console.until('HOLDFAST › Activity')
  await console.keys('2')
  await console.until('▸ Review')
  await console.keys('2')
  await console.until('▸ Review')
})

test('paths are typed as on a command line, and each is shown as it was understood', async () => {
  const console = await openWizard()
  await console.until('Services 2 of 4')
  await console.keys(`${ctrl.t}/etc '/home/my files' a\\ b`)
  const frame = await console.until('Paths 3')
  for (const path of ['/etc', '/home/my files', 'a b']) expect(frame).toContain(`· ${path}\n`)
  await console.keys(`${key.enter}${key.enter}Cq`)
  await console.until('▸ Review')
  await console.keys('C')
  await console.until("holdfast create /etc '/home/my files' 'a b' --type incremental")
  await console.keys('y')
  await console.until('following')
  expect(started(console)).toMatchObject({ paths: ['/etc', '/home/my files', 'a b'], services: [] })
})

test('a path is pasted as text, and letters and digits in the field are no keys', async () => {
  const console = await openWizard({ sources: async () => ({ ...sampleSources(), services: [] }) })
  await console.until('no services are configured')
  await console.keys(`${pasted('/srv/1 /srv/2\r')}q?:5C`)
  const frame = await console.until('Paths 2')
  expect(frame).toContain('· /srv/2q?:5C')
  expect(console.jobs.started).toEqual([])
})

test('what is wrong keeps from going on, and says what it is', async () => {
  const console = await openWizard()
  await console.until('Services 2 of 4')
  await console.keys('a')
  await console.until('Services 0 of 4')
  await console.keys(key.enter)
  await console.until('▸ What')
  expect(console.frame()).toContain('no service is marked')
  await console.keys(`${ctrl.t}'/etc${key.enter}`)
  expect(await console.until('a quote is not closed')).toContain('▸ What')
  await console.keys(`'${key.enter}`)
  await console.until('▸ How')
  await console.keys(`${key.left}${key.left}${key.enter}`)
  expect(await console.until('type service is for configured services')).toContain('▸ How')
})

test('options stand behind one key: Enter keeps them, Esc leaves them as they were', async () => {
  const console = await openWizard()
  await console.until('Services 2 of 4')
  await console.keys(`${key.enter}${ctrl.o}`)
  await console.until('stay on the file system of each path')
  await console.keys(` ${key.down} ${key.escape}`)
  await console.until(/options +none/)
  await console.keys(`${ctrl.o} ${key.down}${key.down}${key.down} ${key.enter}`)
  await console.until(/options +one file system, accept empty/)
  await console.keys(`${key.enter}C`)
  await console.until('--one-file-system --accept-empty')
  await console.keys('y')
  await console.until('following')
  expect(started(console)).toMatchObject({ oneFileSystem: true, acceptEmpty: true, excludeCaches: false })
})

test('counts while a person chooses, shows it as it grows, and another choice ends it', async () => {
  const console = await openWizard()
  const first = await begun(console.countings, 1)
  expect(first.options).toMatchObject({ type: 'incremental', services: ['web', 'mail'] })
  first.listen({ ...small, files: 5, bytes: 1024 })
  const growing = await console.until('5 files, 1.00 KiB')
  expect(growing).toContain(' counting ')
  await console.keys(' ')
  expect(first.signal.aborted).toBe(true)
  const second = await begun(console.countings, 2)
  expect(second.options.services).toEqual(['mail'])
  second.resolve({
    ...small,
    changed: { files: 12, bytes: 2048 },
    unreadable: 3,
    skipped: { excluded: 14, socket: 2 },
    notices: ['/srv/a is a symbolic link'],
  })
  const counted = await console.until('12,304 files, 1.12 GiB')
  expect(counted).toContain('changed: 12 files, 2.00 KiB')
  expect(counted).toContain('! 3 cannot be read')
  await console.keys(ctrl.g)
  const all = await console.until('This backup')
  expect(all).toContain('/srv/a is a symbolic link')
  expect(all).toContain('left out: 14 excluded, 2 sockets')
})

test('what does not change what is taken is not counted anew, and what was counted stays', async () => {
  const console = await openWizard()
  const first = await begun(console.countings, 1)
  first.resolve(small)
  await console.until('12,304 files')
  await console.keys(`${key.enter}${key.tab}${key.right}${key.tab}${key.tab}a description${key.enter}`)
  const review = await console.until('▸ Review')
  expect(review).toContain('12,304 files')
  await console.keys('6')
  await console.until('HOLDFAST › Activity')
  await console.keys('2')
  expect(await console.until('▸ Review')).toContain('12,304 files')
  await console.keys(`${key.escape}${key.shiftTab}*.tmp`)
  const second = await begun(console.countings, 2)
  expect(second.options.exclude).toEqual(['*.tmp'])
})

test('a path that is typed is not walked letter by letter, and one that is not there says so', async () => {
  const console = await openWizard({ sources: async () => ({ ...sampleSources(), services: [] }) })
  await console.until('no path is typed')
  await console.keys('/srv/nosuch')
  const only = await begun(console.countings, 1)
  expect(only.options.paths).toEqual(['/srv/nosuch'])
  only.reject(new BackupError('E_SOURCE_MISSING', '/srv/nosuch does not exist', 'give a path that exists'))
  const frame = await console.until('counting failed')
  expect(frame).toContain('/srv/nosuch does not exist')
  expect(frame).toContain('what to do: give a path that exists')
})

test('leaving the wizard ends the counting', async () => {
  const console = await openWizard()
  const { signal } = await begun(console.countings, 1)
  await console.keys(key.escape)
  await console.until(/HOLDFAST › Backups +\S/)
  expect(signal.aborted).toBe(true)
})

test('each type says what it means and what it would build on', async () => {
  const console = await openWizard({ backups: sampleBackups(2) })
  await console.until('Services 2 of 4')
  await console.keys(key.enter)
  // Of the sample web and mail have one backup each, neither of them full.
  await console.until(/builds on +web on aaaa \(3h ago\), mail on aaab \(6h ago\)/)
  await console.keys(key.right)
  await console.until('nothing: there is no older full backup, so all of it is stored')
  await console.keys(key.right)
  await console.until('listed under a type of its own')
  await console.keys(key.right)
  await console.until(/type +full: all of it is stored/)
  expect(console.frame()).toMatch(/builds on +nothing: it stands alone/)
})

test('a job that cannot be started says why, and what was chosen is still there', async () => {
  const console = await openWizard()
  await console.until('Services 2 of 4')
  console.jobs.start = async () => {
    throw new BackupError('E_KEY_MISSING', 'there is no encryption key', 'set BACKUP_ENCRYPTION_KEY')
  }
  await console.keys(` ${key.enter}${key.enter}C`)
  await console.until('Make this backup?')
  await console.keys('y')
  expect(await console.until('there is no encryption key')).toContain('set BACKUP_ENCRYPTION_KEY')
  await console.keys(key.enter)
  await console.until('▸ Review')
  expect(console.frame()).toMatch(/services +mail\n/)
})

test('without a repository the first backup is full, and builds on nothing', async () => {
  const console = await openWizard({
    engine: { list: () => Promise.reject(new BackupError('E_NO_REPOSITORY', 'there is no repository', '')) },
  })
  await console.until('Services 2 of 4')
  await console.keys(key.enter)
  await console.until('< full >')
})

test('where the list cannot be read, what a backup builds on is not guessed', async () => {
  const console = await openWizard({ engine: { list: () => Promise.reject(new Error('the disk is gone')) } })
  await console.until('Services 2 of 4')
  await console.keys(key.enter)
  await console.until('cannot be told: the disk is gone')
})

test.each(hostileNames.filter((one) => !one.includes('\0')))(
  'a hostile path is shown, asked about and spelled out without acting on the terminal: %j',
  async (name) => {
    const console = await openWizard({
      columns: 60,
      rows: 16,
      sources: async () => ({ ...sampleSources(), services: [] }),
    })
    await console.until('no path is typed')
    await console.keys(pasted(`/srv/'${name}'`))
    await console.until('Paths 1')
    await console.keys(`${key.enter}${key.enter}`)
    await console.until('▸ Review')
    expect(misfits(console.frame(), 60, 16)).toEqual([])
    await console.keys('C')
    const frame = await console.until('[ Cancel ]')
    expect(misfits(frame, 60, 16)).toEqual([])
    expect(frame).toBe(frame.replace(/[^\P{C}\n]/gu, '?'))
  },
)

test('what cannot be counted, for whatever reason, fits every terminal', async () => {
  const console = await openWizard()
  const { reject } = await begun(console.countings, 1)
  reject(new BackupError('E_IO', `cannot read ${hostileNames.join(' ')}`, hostileNames.join(' ')))
  await console.until('counting failed')
  for (const [columns, rows] of terminals) {
    await console.resize(columns, rows)
    await console.until('counting failed')
    expect(misfits(console.frame(), columns, rows)).toEqual([])
    expect(console.frame()).toBe(console.frame().replace(/[^\P{C}\n]/gu, '?'))
  }
})

test('the first run in an empty repository leads to the paths that are to be backed up', async () => {
  const console = await openConsole({ backups: [], runs: [], status: { services: [], runs: [] } })
  await console.until('There is no backup yet')
  await console.keys('B')
  await console.until('no services are configured')
  await console.keys(`/etc${key.enter}`)
  await console.until('< full >')
  await console.keys(`${key.enter}C`)
  await console.until('holdfast create /etc --type full')
  await console.keys('y')
  await console.until('following')
  expect(started(console)).toMatchObject({ type: 'full', paths: ['/etc'] })
})
