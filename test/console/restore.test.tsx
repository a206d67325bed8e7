import { expect, test } from 'vitest'
import type { Browser } from '../../src/model/browse.ts'
import { BackupError } from '../../src/model/errors.ts'
import type { PlannedStep, RestoreOptions } from '../../src/model/planned-restore.ts'
import { whyNeverBound } from '../../src/screens/keys/key-press.ts'
import type { KeyTable } from '../../src/screens/keys/key-table.ts'
import { chooseKeys } from '../../src/screens/restore-steps/choose.tsx'
import { confirmStepKeys } from '../../src/screens/restore-steps/confirm.tsx'
import { planKeys } from '../../src/screens/restore-steps/plan.tsx'
import { planTableKeys } from '../../src/screens/restore-steps/plan-table.tsx'
import { scopeKeys } from '../../src/screens/restore-steps/scope.tsx'
import { key, type OpenedConsole, openConsole, pasted, type Setting } from './harness.tsx'
import { type Plans, pretendPlans, refused, smallSteps, smallTree, step, treeBrowser } from './restore-kit.ts'
import { backupId, now } from './sample.ts'

const newest = backupId(0, 'incremental')
const directory = 'restore-aaaa-0000'

interface Opened {
  readonly console: OpenedConsole
  readonly plans: Plans
  readonly browsers: readonly Browser[]
  /** What was asked to be planned last. */
  asked(): RestoreOptions
  dropped(): number
}

/** The wizard on its scope, opened from the newest of the backups. */
async function openWizard(steps: readonly PlannedStep[] = smallSteps, setting: Setting = {}): Promise<Opened> {
  const plans = pretendPlans(steps)
  const browsers: Browser[] = []
  const console = await openConsole({
    facts: { home: '/root' },
    ...setting,
    engine: {
      async browse() {
        const browser = treeBrowser({ web: smallTree })
        browsers.push(browser)
        return browser
      },
      planRestore: plans.planRestore,
      ...setting.engine,
    },
  })
  await console.keys('2')
  await console.until('Backups 40')
  await console.keys('R')
  await console.until('index.html')
  return {
    console,
    plans,
    browsers,
    asked: () => plans.calls.findLast(({ method }) => method === 'planRestore')?.options as RestoreOptions,
    dropped: () => plans.calls.filter(({ method }) => method === 'drop').length,
  }
}

async function toTarget({ console }: Opened): Promise<void> {
  await console.keys(key.enter)
  await console.until('does not exist yet')
}

/** From the scope to a plan in place. */
async function toPlanInPlace(opened: Opened): Promise<void> {
  const { console } = opened
  await toTarget(opened)
  await console.keys(`${key.tab} `)
  await console.until('IN PLACE: it goes')
  await console.keys(key.enter)
  await console.until('Conflicts and refusals')
}

/** From the scope to the question for the name of the new directory. */
async function toName(opened: Opened): Promise<void> {
  const { console } = opened
  await toTarget(opened)
  await console.keys(key.enter)
  await console.until('ready: C goes on')
  await console.keys('C')
  await console.until('The same on the command line')
  await console.keys('C')
  await console.until('type the name of the directory')
}

const created = [step('/srv/www/index.html', { bytes: 1200 }), step('/srv/www/conf/site.conf', { bytes: 4000 })]

function row(frame: string, text: string): string {
  return frame.split('\n').find((line) => line.includes(text)) ?? ''
}

test('opens on the scope with everything marked, and shows which backup it is about', async () => {
  const { console } = await openWizard()
  const frame = console.frame()
  expect(frame).toContain('HOLDFAST › Backups › Restore')
  expect(row(frame, 'SCOPE')).toContain('Backup aaaa')
  expect(row(frame, 'SCOPE')).toContain('nothing written yet')
  expect(frame).toContain('● everything')
  expect(frame).toContain('marked: everything: 4 files, 4.77 MiB')
})

test('Esc leads from the scope to the backups of the same, with the cursor on the one it was opened with', async () => {
  const { console } = await openWizard()
  await console.keys(key.escape)
  const frame = await console.until('BACKUP aaaa')
  expect(row(frame, '▸ ·')).toContain('aaaa')
  expect(row(frame, '▸ ·')).toContain('never verified')
  expect(frame).toContain('Backups of web 8')
  await console.keys(`${key.down}${key.enter}`)
  await console.until('Backup aaaf')
})

test('another backup keeps what is marked, and proposes another directory', async () => {
  const opened = await openWizard(created)
  const { console } = opened
  await console.keys('/site\r')
  await console.until('1 found')
  await console.keys(`o${key.escape}`)
  await console.untilGone('1 found')
  await console.keys(key.escape)
  await console.until('BACKUP aaaa')
  await console.keys(`${key.down}${key.enter}`)
  await console.until('marked: 1 file, 3.91 KiB')
  await console.keys(key.enter)
  await console.until('~/restore-aaaf-0000')
})

test('finds one file in the whole backup, marks it alone, and plans nothing else', async () => {
  const opened = await openWizard(created)
  const { console, asked } = opened
  await console.keys('/site.c')
  await console.until('1 found')
  await console.keys(`${key.enter}o`)
  await console.until('marked: 1 file, 3.91 KiB of 4 files')
  await console.keys(key.enter)
  await console.until('about 3.91 KiB needed')
  await console.keys(key.enter)
  await console.until('All that is written')
  expect(asked()).toEqual({
    source: { kind: 'backup', backup: newest, services: [], paths: [] },
    target: { kind: 'directory', path: `/root/${directory}` },
    conflict: 'keep',
    choices: new Map([
      ['', 'skip'],
      ['srv/www/conf/site.conf', 'restore'],
    ]),
    workers: null,
  })
})

test('marks are of three states, and their counts and bytes are live', async () => {
  const { console } = await openWizard()
  await console.keys(`${key.down.repeat(3)} `)
  let frame = await console.until('marked: 2 files')
  expect(row(frame, 'everything')).toContain('◐')
  expect(row(frame, 'conf/')).toContain('○')
  expect(row(frame, 'img/')).toContain('●')
  await console.keys(key.right)
  await console.until('site.conf')
  await console.keys(`${key.down}${key.down} `)
  frame = await console.until('marked: 3 files')
  expect(row(frame, 'conf/')).toContain('◐')
  expect(row(frame, 'site.conf')).toContain('●')
  await console.keys('a')
  await console.until('marked: everything')
  await console.keys('a')
  frame = await console.until('marked: 0 files, 0 B')
  expect(row(frame, 'everything')).toContain('○')
})

test('does not go on with nothing marked', async () => {
  const { console } = await openWizard()
  await console.keys(`a${key.enter}`)
  await console.until('nothing is marked')
  expect(console.frame()).toContain('SCOPE')
})

test('begins with the paths it was opened with, and the tree is open as far as they lie', async () => {
  const plans = pretendPlans(created)
  const console = await openConsole({
    facts: { home: '/root' },
    engine: { browse: async () => treeBrowser({ web: smallTree }), planRestore: plans.planRestore },
  })
  await console.keys(`2${key.enter}`)
  await console.until('www/')
  await console.keys(key.enter)
  await console.until('conf/')
  await console.keys(key.enter)
  await console.until('site.conf')
  await console.keys(`${key.down} R`)
  const frame = await console.until('marked: 1 file, 3.91 KiB')
  expect(row(frame, 'site.conf')).toContain('●')
  expect(row(frame, 'old.conf')).toContain('○')
  expect(row(frame, 'conf/')).toContain('◐')
  expect(row(frame, 'index.html')).toContain('○')
})

test('services of one backup are marked and left out by themselves', async () => {
  const plans = pretendPlans(created)
  const trees = { web: smallTree, db: { '/var/db/': 0, '/var/db/data': 700 } }
  const opened = await openWizard(created, {
    engine: { browse: async () => treeBrowser({ web: smallTree }), planRestore: plans.planRestore },
  })
  expect(opened.console.frame()).not.toContain('service web')
  const console = await openConsole({
    facts: { home: '/root' },
    engine: { browse: async () => treeBrowser(trees), planRestore: plans.planRestore },
  })
  await console.keys('2')
  await console.until('Backups 40')
  await console.keys('R')
  await console.until('service db')
  await console.keys(`${key.down} `)
  const frame = await console.until('marked: 1 file, 700 B')
  expect(row(frame, 'service web')).toContain('○')
  expect(row(frame, 'service db')).toContain('●')
  await console.keys(key.enter)
  await console.until('does not exist yet')
  await console.keys(key.enter)
  await console.until('All that is written')
  expect(plans.calls.at(-1)?.options).toMatchObject({ source: { services: ['db'] }, choices: new Map() })
})

test('a directory with something in it is refused, and one that is no directory is explained', async () => {
  const { console } = await openWizard(created, {
    engine: {
      async lookAtTarget(path) {
        if (path.endsWith('/file'))
          throw new BackupError('E_TARGET', `${path} is not a directory`, 'choose another target')
        return { path, state: path.endsWith('/used') ? 'used' : 'new', freeBytes: 1 << 20 }
      },
    },
  })
  await console.keys(key.enter)
  await console.until('NOT ENOUGH')
  await console.keys('\x15/srv/used')
  await console.until('/srv/used has something in it')
  await console.keys(key.enter)
  await console.until('name one that is new or empty')
  await console.keys('\x15/srv/file')
  await console.until('/srv/file is not a directory')
  await console.keys(key.enter)
  expect(console.frame()).toContain('TARGET')
  await console.keys('\x15~bob/x')
  await console.until('only ~/ is known here')
  await console.keys('\x15/srv/new')
  await console.until('/srv/new does not exist yet')
  await console.keys(key.enter)
  await console.until('▸ PLAN')
})

test('Enter pressed before the directory was looked at goes on once it was', async () => {
  const { console } = await openWizard(created)
  await console.keys(`${key.enter}\x15/srv/other${key.enter}`)
  await console.until('▸ PLAN')
})

test('Esc goes one step back and keeps all answers', async () => {
  const opened = await openWizard()
  const { console } = opened
  await console.keys(`${key.down.repeat(4)} `)
  await console.until('marked: 3 files')
  await toPlanInPlace(opened)
  await console.keys(key.escape)
  await console.until('▸ TARGET')
  expect(console.frame()).toContain('IN PLACE')
  await console.keys(key.escape)
  await console.until('▸ SCOPE')
  expect(console.frame()).toContain('marked: 3 files')
  await console.keys(`${key.enter}${key.enter}`)
  await console.until('Conflicts and refusals')
})

test('leaving half way asks, Enter does not answer, and y leaves', async () => {
  const opened = await openWizard()
  const { console } = opened
  await toTarget(opened)
  await console.keys(key.escape)
  await console.until('▸ SCOPE')
  await console.keys(key.escape)
  await console.until('BACKUP')
  await console.keys('q')
  await console.until('Leave this restore?')
  await console.keys(key.enter)
  expect(console.frame()).toContain('Leave this restore?')
  await console.keys(key.escape)
  await console.untilGone('Leave this restore?')
  expect(console.frame()).toContain('BACKUP')
  await console.keys(key.escape)
  await console.until('Leave this restore?')
  await console.keys('y')
  await console.until('Backups 40')
})

test('no footer names a key twice', async () => {
  const opened = await openWizard()
  await toTarget(opened)
  await opened.console.keys(key.down)
  const footer = (await opened.console.until('< no, into the new directory >')).split('\n').at(-1)!
  expect(footer).toContain('Esc leave')
  expect(footer.match(/\bEsc\b/g)).toHaveLength(1)
})

test('leaving before anything was said does not ask', async () => {
  const { console } = await openWizard()
  await console.keys(key.escape)
  await console.until('BACKUP')
  await console.keys(key.escape)
  await console.until('Backups 40')
})

test('another screen and back finds the wizard as it was left', async () => {
  const opened = await openWizard()
  const { console } = opened
  await toPlanInPlace(opened)
  await console.until('1 entry blocked')
  const before = await console.until(/backup +2026/)
  await console.keys('1')
  await console.until('HOLDFAST › Dashboard')
  await console.keys('2')
  await console.until('▸ PLAN')
  expect(console.frame()).toBe(before)
})

test('blocked paths lock the confirmation until each is decided', async () => {
  const opened = await openWizard()
  const { console, asked } = opened
  await toPlanInPlace(opened)
  await console.until('1 entry blocked')
  const frame = await console.until('something of another type')
  expect(row(frame, 'something of another type')).toContain('blocked')
  await console.keys('C')
  expect(console.frame()).toContain('▸ PLAN')
  await console.keys(key.enter)
  await console.until('leave it out')
  await console.keys(key.enter)
  await console.until('ready: C goes on')
  expect(asked().choices?.get('srv/www/conf' as never)).toBe('skip')
  expect(row(console.frame(), 'something of another type')).toContain('● leave out')
})

test('F leaves out all that is blocked, and what lies below it only once', async () => {
  const steps = [
    refused('/a', 'type-conflict'),
    refused('/a/b', 'parent-is-not-a-directory'),
    refused('/c', 'needs-root'),
    refused('/../d', 'escapes-target'),
    ...created,
  ]
  const opened = await openWizard(steps)
  const { console, asked } = opened
  await toTarget(opened)
  await console.keys(key.enter)
  await console.until('3 entries blocked')
  await console.keys('F')
  await console.until('ready: C goes on')
  expect([...(asked().choices ?? [])]).toEqual([
    ['a', 'skip'],
    ['c', 'skip'],
  ])
  await console.keys('i')
  await console.until('cannot be used safely')
})

test.each([
  ['K', 'keep disk', 'keep'],
  ['S', 'leave out', 'skip'],
  ['N', 'write beside', 'rename'],
])('%s decides about the path under the cursor, plans anew, and goes on to the next', async (letter, word, choice) => {
  const opened = await openWizard(smallSteps.slice(1))
  const { console, asked, dropped } = opened
  await toPlanInPlace(opened)
  await console.until('disk newer by 6h')
  await console.keys(letter)
  const frame = await console.until(`● ${word}`)
  expect(row(frame, 'site.conf')).toContain(word)
  expect(row(frame, '▸ ~')).toContain('index.html')
  await console.until('ready: C goes on')
  expect(asked().choices).toEqual(new Map([['srv/www/conf/site.conf', choice]]))
  expect(dropped()).toBe(1)
})

test('decides about all marked paths at once, and takes it back', async () => {
  const opened = await openWizard(smallSteps.slice(1))
  const { console, asked } = opened
  await toPlanInPlace(opened)
  await console.until('disk newer by 6h')
  await console.keys('  K')
  await console.until('ready: C goes on')
  await console.until(/keep disk[\s\S]*keep disk/)
  expect(asked().choices?.size).toBe(2)
  await console.keys(`g${key.enter}`)
  await console.until('take the choice back')
  await console.keys(`${key.up}${key.up}${key.up}${key.up}`)
  await console.keys(key.escape)
  await console.untilGone('take the choice back')
})

test('decides about a whole directory', async () => {
  const opened = await openWizard(smallSteps.slice(1))
  const { console, asked } = opened
  await toPlanInPlace(opened)
  await console.until('disk newer by 6h')
  await console.keys(key.enter)
  await console.until('keep disk: all in conf/')
  await console.keys(`${key.down.repeat(4)}${key.enter}`)
  await console.until('all that lies in it')
  await console.until('ready: C goes on')
  expect(asked().choices).toEqual(new Map([['srv/www/conf', 'keep']]))
})

test('the plan shows other parts of itself, and finds a path', async () => {
  const opened = await openWizard()
  const { console } = opened
  await toPlanInPlace(opened)
  await console.until('1 entry blocked')
  await console.keys('t')
  await console.until('Created 1')
  await console.keys(`${key.down}${key.down}${key.enter}`)
  const frame = await console.until('logo.png')
  expect(frame).not.toContain('site.conf')
  await console.keys(`t${key.up}${key.up}${key.enter}`)
  await console.until('site.conf')
  await console.keys('/index')
  await console.until('1 in the plan')
  expect(console.frame()).not.toContain('site.conf')
  await console.keys(key.escape)
  await console.until('site.conf')
})

test('a plan whose time is over says so, cannot be confirmed, and is made anew on a key', async () => {
  let time = now
  const opened = await openWizard(created, { now: () => time })
  const { console, plans } = opened
  await toTarget(opened)
  await console.keys(key.enter)
  await console.until('expires 00:15Z')
  await console.until('ready: C goes on')
  time += 900_000
  await console.resize(101, 30)
  await console.until('the 15 minutes of this plan are over')
  await console.keys('C')
  expect(console.frame()).toContain('▸ PLAN')
  time = now
  await console.keys('p')
  await console.until('ready: C goes on')
  expect(plans.made).toHaveLength(2)
})

test('a plan whose time runs out at its confirmation cannot be started', async () => {
  let time = now
  const opened = await openWizard(created, { now: () => time })
  const { console } = opened
  await toTarget(opened)
  await console.keys(key.enter)
  await console.until('ready: C goes on')
  await console.keys('C')
  await console.until('begins it')
  time += 900_000
  await console.resize(101, 30)
  await console.until('the plan has run out')
  await console.keys('C')
  expect(console.frame()).not.toContain('type the name of the directory')
})

test('what cannot be planned is explained, and tried again on a key', async () => {
  let fails = true
  const plans = pretendPlans(created)
  const opened = await openWizard(created, {
    engine: {
      async planRestore(options) {
        if (fails) throw new BackupError('E_KEY_MISSING', 'there is no encryption key', 'set BACKUP_ENCRYPTION_KEY')
        return plans.planRestore(options)
      },
    },
  })
  const { console } = opened
  await toTarget(opened)
  await console.keys(key.enter)
  const frame = await console.until('planning the restore failed')
  expect(frame).toContain('what to do: set BACKUP_ENCRYPTION_KEY')
  fails = false
  await console.keys('p')
  await console.until('ready: C goes on')
})

test('Esc stops a planning that takes long', async () => {
  let signal: AbortSignal | null = null
  const { console } = await openWizard(created, {
    engine: {
      planRestore(_options, during) {
        signal = during.signal
        return new Promise(() => {})
      },
    },
  })
  await console.keys(key.enter)
  await console.until('does not exist yet')
  await console.keys(key.enter)
  await console.until('Planning: reading')
  await console.keys(key.escape)
  await console.until('▸ TARGET')
  expect(signal!.aborted).toBe(true)
})

test('starts the plan as a job once the name of the directory was typed, and goes to its run', async () => {
  const opened = await openWizard(created)
  const { console, plans, dropped } = opened
  await toName(opened)
  expect(console.jobs.started).toEqual([])
  await console.keys(`${directory}${key.enter}`)
  await console.until('HOLDFAST › Backups › restore')
  const file = '/tmp/holdfast-plan-1-p0an.json'
  expect(plans.calls.filter(({ method }) => method === 'save')).toEqual([{ method: 'save', options: file }])
  expect(console.jobs.started).toEqual([{ kind: 'restore', plan: file, ttlMs: null, workers: null, removePlan: true }])
  expect(dropped()).toBe(1)
  await console.keys(key.escape)
  await console.until('Backups 40')
})

test('neither a paste, nor what was typed ahead, nor a wrong name starts anything', async () => {
  const opened = await openWizard(created)
  const { console } = opened
  await toName(opened)
  await console.keys(pasted(directory))
  await console.until('pasting is not taken here')
  await console.keys(key.enter)
  await console.keys(`restore${key.enter}`)
  await console.until('that is not the name of the directory')
  await console.keys(key.escape)
  await console.untilGone('type the name of the directory')
  await console.keys(`Cre${key.enter}`)
  const frame = await console.until('type the name of the directory')
  expect(row(frame, '│ > ')).toMatch(/│ > +│/)
  expect(frame).not.toContain('that is not')
  await console.keys(key.enter)
  expect(console.jobs.started).toEqual([])
  expect(console.favours).toContain('flush 300')
})

test('in place the name of the machine must be typed', async () => {
  const opened = await openWizard(smallSteps.slice(1))
  const { console } = opened
  await toPlanInPlace(opened)
  await console.until('ready: C goes on')
  await console.keys('C')
  await console.until('begins it')
  await console.keys('C')
  await console.until('type the name of this machine')
  await console.keys(`web2${key.enter}`)
  await console.until('that is not the name of this machine')
  await console.keys(`\x15web1${key.enter}`)
  await console.until('HOLDFAST › Backups › restore')
  expect(console.jobs.started).toHaveLength(1)
})

test('the confirmation shows the command of the runbook, and copies it', async () => {
  const opened = await openWizard(created)
  const { console } = opened
  await toTarget(opened)
  await console.keys(key.enter)
  await console.until('ready: C goes on')
  await console.keys('C')
  const command = `holdfast restore ${newest} --target=/root/${directory}`
  await console.until(command)
  await console.keys('y')
  expect(console.favours).toContain(`copy ${command}`)
})

test('what has changed since the plan is told, and leads back to a new plan', async () => {
  const opened = await openWizard(created)
  const { console, plans } = opened
  await toName(opened)
  const { jobs } = console
  jobs.start = async () => {
    throw new BackupError('E_PLAN_DRIFTED', '1 path has changed since the plan was made: etc/hosts', 'make it anew')
  }
  await console.keys(`${directory}${key.enter}`)
  const frame = await console.until('NOT STARTED, nothing was written: 1 path has changed')
  expect(frame).toContain('▸ PLAN')
  await console.until('ready: C goes on')
  expect(plans.made).toHaveLength(2)
  await console.keys('i')
  await console.until('E_PLAN_DRIFTED')
})

test('a start that fails otherwise is explained, and can be tried again with the same plan', async () => {
  const opened = await openWizard(created)
  const { console, plans } = opened
  await toName(opened)
  const { jobs } = console
  const start = jobs.start.bind(jobs)
  jobs.start = async () => {
    throw new BackupError('E_BUSY', 'another process works here', 'wait for it')
  }
  await console.keys(`${directory}${key.enter}`)
  await console.until('another process works here')
  jobs.start = start
  await console.keys(key.enter)
  await console.untilGone('another process works here')
  await console.keys('C')
  await console.until('type the name of the directory')
  await console.keys(`${directory}${key.enter}`)
  await console.until('HOLDFAST › Backups › restore')
  expect(plans.calls.filter(({ method }) => method === 'save')).toHaveLength(2)
})

test('a start can be called off', async () => {
  const opened = await openWizard(created)
  const { console } = opened
  await toName(opened)
  console.jobs.start = (_request: unknown, signal?: AbortSignal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new BackupError('E_INTERRUPTED', 'the job was called off')))
    })
  await console.keys(`${directory}${key.enter}`)
  await console.until('calls it off')
  await console.keys(key.escape)
  await console.until('the job was called off')
})

test('keeps the plan in a file, and says how it is applied', async () => {
  const opened = await openWizard(created)
  const { console, plans } = opened
  await toTarget(opened)
  await console.keys(key.enter)
  await console.until('ready: C goes on')
  await console.keys('e')
  await console.until('~/restore-plan-p0an.json')
  await console.keys(key.enter)
  await console.until('The plan is saved')
  expect(console.frame()).toContain('holdfast restore --plan=/root/restore-plan-p0an.json')
  expect(plans.calls.at(-1)).toEqual({ method: 'save', options: '/root/restore-plan-p0an.json' })
  await console.keys(key.enter)
  await console.untilGone('The plan is saved')
  await console.keys('C')
  await console.until('holdfast restore --plan=/root/restore-plan-p0an.json')
})

test('read-only, it can be walked up to the plan, and there is nothing behind it', async () => {
  const opened = await openWizard(created, { readOnly: true })
  const { console } = opened
  expect(row(console.frame(), 'SCOPE')).not.toContain('Confirm')
  await toTarget(opened)
  await console.keys(key.enter)
  await console.until('read-only: the rehearsal ends here')
  await console.keys('C')
  await console.keys('e')
  const frame = console.frame()
  expect(frame).toContain('▸ PLAN')
  expect(frame).not.toContain('C confirm')
  expect(frame).not.toContain('Export')
  for (let presses = 0; presses < 4; presses++) await console.keys(key.escape)
  await console.until('Backups 40')
})

test('what it held is let go when it is left', async () => {
  const opened = await openWizard(created)
  const { console, browsers, plans, dropped } = opened
  await toTarget(opened)
  await console.keys(key.enter)
  await console.until('ready: C goes on')
  for (const text of ['▸ TARGET', '▸ SCOPE', 'BACKUP', 'Leave this restore?']) {
    await console.keys(key.escape)
    await console.until(text)
  }
  await console.keys('y')
  await console.until('Backups 40')
  expect(dropped()).toBe(plans.made.length)
  await expect(browsers[0]!.entry({ service: 'web', path: 'srv' as never })).rejects.toThrow('closed')
})

test('a backup that cannot be opened says why', async () => {
  const console = await openConsole({
    engine: {
      browse: async () => {
        throw new BackupError('E_KEY_MISSING', 'there is no encryption key', 'set BACKUP_ENCRYPTION_KEY')
      },
    },
  })
  await console.keys('2')
  await console.until('Backups 40')
  await console.keys('R')
  await console.until('opening the backup failed')
  await console.keys(key.enter)
  expect(console.frame()).toContain('SCOPE')
})

const tables: readonly [name: string, table: KeyTable][] = [
  ['backup', chooseKeys],
  ['scope', scopeKeys],
  ['plan', { ...planKeys, ...planTableKeys }],
  ['confirm', confirmStepKeys],
]

test.each(tables)('binds keys that arrive, each once, and changes nothing by a lower-case one: %s', (_name, table) => {
  const specs = Object.values(table)
  const keys = specs.flatMap((spec) => spec.keys)
  expect(new Set(keys).size).toBe(keys.length)
  for (const name of keys) expect({ name, why: whyNeverBound(name) }).toEqual({ name, why: null })
  for (const { danger = 0, keys: names } of specs)
    if (danger > 1) for (const name of names) expect(name).toMatch(/^[A-Z]$/)
})

test('every split of a string of keys leads to the same plan', async () => {
  const packet = `${key.down.repeat(3)} ${key.enter}`
  const walk = async (...packets: string[]): Promise<string> => {
    const { console } = await openWizard(smallSteps.slice(1))
    await Promise.all(packets.map((one) => console.keys(one)))
    await console.until('does not exist yet')
    await console.keys(key.enter)
    return console.until('ready: C goes on')
  }
  const wanted = await walk(packet)
  for (let at = 1; at < packet.length; at++) expect(await walk(packet.slice(0, at), packet.slice(at))).toBe(wanted)
})
