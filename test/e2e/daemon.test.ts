import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { requirement } from '../requirements.ts'
import { buildProgram, DaemonHouse, type LogLine, type RunningDaemon } from './daemon-kit.ts'

/** A real daemon, real jobs, a real repository. */

const receiver = fileURLToPath(new URL('../engine/platform/supervisor-socket.py', import.meta.url))
let house: DaemonHouse
beforeAll(buildProgram)
beforeEach(() => {
  house = new DaemonHouse()
})
afterEach(() => house.close())

const everySecond = { every: { type: 'incremental', cron_expression: '* * * * * *' } }
const isEnd = ({ event, state }: LogLine) => event === 'run-ended' && state === 'done'

function runsDone(daemon: RunningDaemon, count: number): Promise<readonly LogLine[]> {
  return daemon.until((lines) => {
    const ends = lines.filter(isEnd)
    return ends.length >= count ? ends : undefined
  })
}

/** Every backup stands for an instant of its own, and every run that is noted as done has its backup. */
function expectNoneTwice(id: string): void {
  const instants = house.backups().flatMap(({ schedule }) => (schedule?.id === id ? [schedule.at] : []))
  expect(new Set(instants).size).toBe(instants.length)
  const noted = house.noted(id).filter(({ outcome }) => outcome === 'done')
  for (const { at } of noted) expect(instants).toContain(at)
}

test('runs what is due, says so line by line, and ends at SIGTERM with 0 and no child left', async () => {
  house.configure({ schedules: everySecond })
  const daemon = house.daemon()
  const ends = await runsDone(daemon, 3)
  daemon.signal('SIGTERM')
  expect(await daemon.ended()).toEqual({ code: 0, signal: null })
  expect(house.jobs()).toEqual([])
  expect(daemon.lines.at(-1)?.event).toBe('stopped')
  expect(daemon.other).toBe('')
  expect(ends[0]).toMatchObject({ level: 'info', schedule: 'every', state: 'done' })
  expect(house.backups().length).toBeGreaterThanOrEqual(3)
  expect(house.backups()[0]?.type).toBe('full')
  expectNoneTwice('every')
  expect(house.noted('every').every(({ outcome }) => outcome !== null)).toBe(true)
})

test('a second daemon on a repository exits 5 and names the first', async () => {
  house.configure({ schedules: {} })
  const first = house.daemon()
  await first.event('started')
  const second = house.daemon()
  expect(await second.ended()).toEqual({ code: 5, signal: null })
  expect(second.other).toContain(`process ${first.child.pid} (daemon)`)
  first.signal('SIGTERM')
  expect((await first.ended()).code).toBe(0)
  const third = house.daemon()
  await third.event('started')
})

test('without a key it does not start, and says what to do', async () => {
  house.configure({})
  const daemon = house.daemon([], { BACKUP_ENCRYPTION_KEY: '' })
  expect((await daemon.ended()).code).toBe(2)
  expect(daemon.other).toContain('there is no encryption key')
})

test('SIGHUP reads the configuration anew; one that is wrong changes nothing', async () => {
  house.configure({ schedules: {} })
  const daemon = house.daemon()
  await daemon.event('started')
  writeFileSync(join(house.top, 'backup_config.json'), '{ "schedules": { "x": { "cron_expression": "1 2 3" } } }')
  daemon.signal('SIGHUP')
  const refused = await daemon.event('configuration-refused')
  expect(refused.message).toContain('must be a cron expression (minute, hour, day of month, month, day of week)')
  house.configure({ schedules: everySecond })
  daemon.signal('SIGHUP')
  await daemon.event('configuration-read')
  await runsDone(daemon, 1)
})

test('schedules.json that somebody writes meanwhile counts at once; while it is torn, what was known goes on', async () => {
  house.configure({ schedules: {} })
  expect((await house.holdfast('schedule', '* * * * * *', '--name', 'often')).code).toBe(0)
  const path = join(house.root, 'schedules.json')
  const daemon = house.daemon()
  await runsDone(daemon, 1)
  const whole = readFileSync(path, 'utf8')
  writeFileSync(`${path}.torn`, whole.slice(0, whole.length / 2))
  renameSync(`${path}.torn`, path)
  const from = daemon.lines.length
  await daemon.until((lines) =>
    lines.slice(from).find(({ event, message }) => event === 'trouble' && message.includes('schedules.json')),
  )
  const before = daemon.lines.filter(isEnd).length
  await runsDone(daemon, before + 2)
  expect(readFileSync(path, 'utf8')).toBe(whole.slice(0, whole.length / 2))
  const mended = JSON.parse(whole)
  mended.schedules[0].cron = '*/2 * * * * *'
  mended.schedules[0].note = 'by hand'
  writeFileSync(path, JSON.stringify(mended))
  const after = daemon.lines.filter(isEnd).length
  await runsDone(daemon, after + 2)
  daemon.signal('SIGTERM')
  expect((await daemon.ended()).code).toBe(0)
  const [schedule] = JSON.parse(readFileSync(path, 'utf8')).schedules
  expect(schedule).toMatchObject({ cron: '*/2 * * * * *', note: 'by hand' })
  expectNoneTwice('often')
})

test('what runs when it is to stop ends by itself within the grace', async () => {
  house.configure({ schedules: everySecond })
  await house.holdfast('init')
  const daemon = house.daemon(['--grace', '60s'])
  const held = await house.holdService('files')
  await daemon.event('run-due')
  daemon.signal('SIGTERM')
  await daemon.event('stopping')
  held.release()
  expect((await daemon.ended()).code).toBe(0)
  expect(house.jobs()).toEqual([])
  expect(house.noted('every')[0]?.outcome).toBe('done')
  expect(house.backups().at(-1)?.schedule?.at).toBe(house.noted('every')[0]?.at)
})

test('what runs longer than the grace is stopped cleanly, and tried again by the next daemon', async () => {
  house.configure({ schedules: { once: { type: 'full', cron_expression: '* * * * * *' } } })
  await house.holdfast('init')
  const daemon = house.daemon(['--grace', '0s'])
  const held = await house.holdService('files')
  const { run } = await daemon.event('run-due')
  daemon.signal('SIGTERM')
  expect((await daemon.ended()).code).toBe(0)
  held.release()
  expect(house.jobs()).toEqual([])
  expect(house.backups()).toEqual([])
  expect(daemon.lines.filter(({ event }) => event === 'run-stopped')).toMatchObject([{ run }])
  expect(house.noted('once')[0]).toMatchObject({ run, outcome: 'interrupted', attempt: 1 })
  expect(house.noted('once')[0]?.retryAt).toBeDefined()
  const next = house.daemon()
  await runsDone(next, 1)
})

/** Mounts need privileges that not every container has. */
const canMount = requirement('root') && spawnSync('unshare', ['--mount', 'true']).status === 0

test.runIf(canMount)(
  'a disk that fills during a run: it is told, nothing is lost, and it goes on when there is room',
  async () => {
    mkdirSync(house.root)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', house.root])
    try {
      house.configure({ schedules: everySecond })
      const daemon = house.daemon()
      await runsDone(daemon, 1)
      const known = house.backups().map(({ id }) => id)
      const large = join(house.source, 'large')
      writeFileSync(large, randomBytes(40_000_000))
      const failed = await daemon.until((lines) =>
        lines.find(({ state, code }) => state === 'failed' && code === 'E_NO_SPACE'),
      )
      expect(failed).toMatchObject({ level: 'error', event: 'run-ended', schedule: 'every' })
      expect(failed['retryAt']).toBeDefined()
      expect(house.backups().map(({ id }) => id)).toEqual(expect.arrayContaining(known))
      rmSync(large)
      const before = daemon.lines.length
      await daemon.until((lines) => lines.slice(before).find(isEnd))
      // not a byte is free: then nothing can be noted either, and nothing is begun that is not noted
      const ballast = join(house.root, 'ballast')
      expect(() => writeFileSync(ballast, Buffer.alloc(30_000_000))).toThrow('ENOSPC')
      const full = daemon.lines.length
      await daemon.until((lines) => lines.slice(full).find(({ level }) => level === 'error'))
      rmSync(ballast)
      const after = daemon.lines.length
      await daemon.until((lines) => lines.slice(after).find(isEnd))
      daemon.signal('SIGTERM')
      expect((await daemon.ended()).code).toBe(0)
      expectNoneTwice('every')
      expect((await house.holdfast('verify', '--all')).code).toBe(0)
    } finally {
      execFileSync('umount', ['-l', house.root])
    }
  },
)

test.skipIf(!requirement('python3'))('tells its supervisor how it is, and hands none of that to its jobs', async () => {
  house.configure({ schedules: everySecond })
  const address = join(house.top, 'notify')
  const python = spawn('python3', [receiver, address], { stdio: ['ignore', 'pipe', 'inherit'] })
  const heard: { pid: number; text: string }[] = []
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  const until = async (text: string): Promise<void> => {
    while (!heard.some((one) => one.text?.includes(text))) heard.push(JSON.parse((await lines.next()).value ?? 'null'))
  }
  await lines.next()
  try {
    const daemon = house.daemon([], { NOTIFY_SOCKET: address, WATCHDOG_USEC: '400000' })
    await until('READY=1')
    await until('WATCHDOG=1')
    await until('1 running')
    daemon.signal('SIGHUP')
    await until('RELOADING=1')
    heard.length = 0
    await until('READY=1')
    await runsDone(daemon, 1)
    daemon.signal('SIGTERM')
    await until('STOPPING=1')
    expect((await daemon.ended()).code).toBe(0)
    expect(new Set(heard.map(({ pid }) => pid))).toEqual(new Set([daemon.child.pid]))
  } finally {
    python.kill('SIGKILL')
  }
})

const kills = process.env['HOLDFAST_LONG'] === '1' ? 50 : 6

test(`killed with -9 at random ${kills} times, it loses no backup and repeats none`, { timeout: 600_000 }, async () => {
  house.configure({ schedules: everySecond })
  let known: string[] = []
  for (let kill = 0; kill < kills; kill++) {
    writeFileSync(join(house.source, 'a'), `content before kill ${kill}\n`)
    const daemon = house.daemon()
    // Somewhere between its start and the end of its second run: the seed decides, not a clock.
    const stop = (kill * 7919) % 13
    await daemon.until((lines) => (lines.length > stop % 9 ? true : undefined))
    if (stop > 8) await new Promise((resolve) => setTimeout(resolve, stop * 20)) // lands in the middle of a run
    daemon.signal('SIGKILL')
    expect((await daemon.ended()).signal).toBe('SIGKILL')
    const now = house.backups().map(({ id }) => id)
    expect(known.filter((id) => !now.includes(id))).toEqual([])
    known = now
  }
  const last = house.daemon()
  await runsDone(last, 2)
  last.signal('SIGTERM')
  expect((await last.ended()).code).toBe(0)
  expect(house.jobs()).toEqual([])
  expectNoneTwice('every')
  expect(house.noted('every').every(({ outcome }) => outcome !== null)).toBe(true)
  const verified = await house.holdfast('verify', '--all', '--level', 'full')
  expect(verified.stderr + verified.stdout).not.toContain('damage')
  expect(verified.code).toBe(0)
})
