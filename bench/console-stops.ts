import { scheduleCount } from './console-history.ts'
import type { ConsolePty } from './console-pty.ts'

/** The screens with a list to go down in, and how to get there. */

export const down = '\x1b[B'
export const escapeKey = '\x1b'
/** For bytes: what a screen adds a moment later, a preview, is counted to its key. */
export const thorough = { restMs: 130, patienceMs: 600 }
/** For times: longer than the picture before it holds up the next, of which there are 15 a second at most. */
export const quick = { restMs: 80, patienceMs: 5000 }
const patient = { restMs: 400, patienceMs: 3000 }

export interface Stop {
  readonly name: string
  readonly title: string
  /** Each pressed until that is seen. */
  readonly way: readonly (readonly [key: string, shown: string | RegExp])[]
}

/** The way to each from the Dashboard. */
export const stops: readonly Stop[] = [
  { name: 'backups', title: 'Backups', way: [['2', /Backups 10*[,0]*/]] },
  { name: 'schedules', title: 'Schedules', way: [['3', `Schedules ${scheduleCount}`]] },
  { name: 'cleanup', title: 'Cleanup', way: [['4', /(What goes|Backups) [\d,]+ /]] },
  { name: 'verify', title: 'Verify', way: [['5', /Backups [\d,]+:/]] },
  { name: 'activity', title: 'Activity', way: [['6', /Runs \d/]] },
  {
    name: 'inspect',
    title: 'Inspect',
    way: [
      ['2', /Backups [\d,]+ /],
      ['g', '▸'],
      ['\r', '0000000.json'],
    ],
  },
  {
    name: 'scope',
    title: 'Restore’s scope tree',
    way: [
      ['2', /Backups [\d,]+ /],
      ['g', '▸'],
      ['R', '▸ ● everything'],
      [`${down}\x1b[C`, '0000000.json'],
    ],
  },
]

export async function goTo(pty: ConsolePty, { way }: Stop): Promise<void> {
  for (const [key, shown] of way) {
    const isThere = (): boolean => (typeof shown === 'string' ? pty.screen.includes(shown) : shown.test(pty.screen))
    await pty.press(key, thorough)
    for (let tries = 0; tries < 30 && !isThere(); tries++) await pty.press(key, patient)
    await pty.shows(shown)
  }
  await pty.rest(thorough)
}

/** Back to the Dashboard, with nothing left open on the way. */
export async function home(pty: ConsolePty): Promise<void> {
  const depth = (): number => pty.screen.split('\n')[0]!.split('›').length - 1
  for (let tries = 0; tries < 12 && depth() > 1; tries++) await pty.press(escapeKey, thorough)
  await pty.press('1', thorough)
  await pty.shows('Dashboard')
}

/** Finds a name that no file has in all of a backup, and compares the two that are whole. */
export async function scan(pty: ConsolePty): Promise<void> {
  await pty.press('2', thorough)
  await pty.press('g', thorough)
  await pty.press('\r', patient)
  await pty.press('f', thorough)
  for (const key of 'nowhere') await pty.press(key, { restMs: 30, patienceMs: 300 })
  await pty.rest({ restMs: 2500, patienceMs: 4000 })
  await home(pty)
  await pty.press('2', thorough)
  for (const key of ['g', ' ', ' ', '=']) await pty.press(key, thorough)
  await pty.shows(/\+ [\d,]+ added/)
  await pty.rest({ restMs: 1500, patienceMs: 4000 })
}
