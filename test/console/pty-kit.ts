import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { Stage } from '../e2e/stage.ts'
import { Pty, type PtyOptions } from './pty.ts'

/** A repository with backups in it, and the built console over it. */

export const otherKeys = {
  ctrlC: '\x03',
  ctrlL: '\x0c',
  ctrlZ: '\x1a',
  escape: '\x1b',
  enter: '\r',
  down: '\x1b[B',
} as const

/** A stage whose repository has so many backups of one small tree. */
export async function stageWithBackups(count: number): Promise<Stage> {
  const stage = new Stage()
  const source = stage.makeDirectory('source')
  writeFileSync(`${source}/hosts`, '127.0.0.1 localhost\n')
  writeFileSync(`${source}/motd`, 'hello\n')
  for (let made = 0; made < count; made++) await stage.succeed(['create', source, '--description', `number ${made}`])
  return stage
}

export type Opening = Partial<PtyOptions> & { readonly argv?: readonly string[] }

/** holdfast on a terminal of its own. */
export function openPty(stage: Stage, { argv = [], env, ...rest }: Opening = {}): Pty {
  return new Pty(argv, {
    cwd: stage.top,
    env: { ...stage.environment, TERM: 'xterm-256color', PAGER: 'cat', ...env },
    ...rest,
  })
}

/** holdfast in a shell, which tells afterwards how it ended and how the terminal is. */
export function openInShell(stage: Stage, { argv = [], env, ...rest }: Opening = {}): Pty {
  const script =
    'before=$(stty -g); echo shell; "$@"; echo "code $?"; [ "$before" = "$(stty -g)" ] && echo clean || stty -a; read -r _'
  return openPty(stage, {
    argv: ['-c', script, 'sh', new URL('../../bin/holdfast', import.meta.url).pathname, ...argv],
    command: '/bin/sh',
    ...(env === undefined ? {} : { env }),
    ...rest,
  })
}

/** The process that draws, somewhere below the one in the terminal. */
export function drawingProcess(pty: Pty): number {
  const below = [pty.pid]
  for (const pid of below) {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('dist/cli.js')) return pid
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    below.push(...children.split(' ').filter(Boolean).map(Number))
  }
  throw new Error('nobody draws')
}

/** Escape sequences that say how a terminal was left. */
export function modesLeft(raw: string): {
  readonly alternate: boolean
  readonly cursorHidden: boolean
  readonly pasteTold: boolean
} {
  const last = (on: string, off: string): boolean => raw.lastIndexOf(on) > raw.lastIndexOf(off)
  return {
    alternate: last('\x1b[?1049h', '\x1b[?1049l'),
    cursorHidden: last('\x1b[?25l', '\x1b[?25h'),
    pasteTold: last('\x1b[?2004h', '\x1b[?2004l'),
  }
}

/** Presses a key, again where a question has not yet listened (at first it takes no answer), until what it does is seen. */
export async function pressedUntil(pty: Pty, key: string, isDone: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !isDone(); tries++) {
    pty.type(key)
    await wait(50)
  }
}

/**
 * The most bytes that a step down costs, with all that is drawn after it. A step in which the header's clock went on to
 * the next minute is taken again: ages of all rows are drawn with it, which no key asked for.
 */
export async function costOf(pty: Pty): Promise<number> {
  const costs: number[] = []
  for (let pressed = 0; pressed < 6 && costs.length < 3; pressed++) {
    await stillness(pty)
    const before = { bytes: pty.bytes, row: cursorRow(pty.screen), minute: minuteOf(pty.screen) }
    await pty.press(otherKeys.down, (screen) => cursorRow(screen) !== before.row)
    await stillness(pty)
    if (minuteOf(pty.screen) === before.minute) costs.push(pty.bytes - before.bytes)
  }
  if (costs.length < 3) throw new Error('too few steps within one minute')
  return Math.max(...costs)
}

/** Waits until nothing has been drawn for a while. */
async function stillness(pty: Pty): Promise<void> {
  for (let before = -1; before !== pty.bytes; await wait(250)) before = pty.bytes
}

function minuteOf(screen: string): string {
  return /\d\d:\d\dZ/.exec(screen)?.[0] ?? ''
}

function cursorRow(screen: string): string {
  return screen.split('\n').find((line) => line.startsWith('▸')) ?? ''
}

/** Waits until two show the same, but for what `but` takes away; either may be the one that is behind. */
export async function untilAlike(one: Pty, other: Pty, but: (screen: string) => string): Promise<void> {
  for (let tries = 0; but(one.screen) !== but(other.screen); tries++) {
    if (tries === 300)
      throw new Error(`they stay different; the one:\n${but(one.screen)}\nthe other:\n${but(other.screen)}`)
    await wait(50)
  }
}
