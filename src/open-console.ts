import process from 'node:process'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ConsoleOptions } from './commands/parts/dispatch.ts'
import type { Capability } from './model/console.ts'
import { BackupError } from './model/errors.ts'
import { capabilityOf, whyNotDrawable } from './terminal/capability.ts'
import { holdConsole } from './terminal/held-console.ts'
import { KeyStream } from './terminal/key-stream.ts'
import { openQuestions } from './terminal/questions.ts'
import { openTerminalPort } from './terminal/terminal-port.ts'

/**
 * The console, from a shell's terminal back to a shell's terminal: whatever ends it, the screen, the cursor and the
 * keyboard are as they were. Only bin/holdfast can do that after SIGKILL.
 *
 * @throws E_USAGE where it cannot be drawn; what opening the repository throws; what broke the drawing.
 */
export async function openConsole(options: ConsoleOptions): Promise<number> {
  const { stdin, stdout, env } = process
  const terminalFacts = {
    stdinIsTerminal: stdin.isTTY === true,
    stdoutIsTerminal: stdout.isTTY === true,
    environment: env,
    colorless: options.colorless,
  }
  const why = whyNotDrawable(terminalFacts)
  if (why !== null)
    throw new BackupError(
      'E_USAGE',
      `the console needs a terminal it can draw on: ${why}`,
      'plain commands work everywhere: holdfast status, holdfast list, holdfast restore latest --dry-run',
    )
  const capability = capabilityOf(terminalFacts)
  const questions = openQuestions()
  const { readOnly, colorless: _, ...given } = options
  const [{ wire }, { drawConsole }] = await Promise.all([
    import('./wire.ts'),
    withColors(capability, () => import('./draw-console.tsx')),
  ])
  // What is wrong with the configuration is told on the plain screen.
  const { engine, jobs, facts, close } = await wire({ ...given, onPassphrase: () => questions.askPassphrase() })

  const keys = new KeyStream(stdin, capability.escapeMs)
  const terminal = openTerminalPort({ keys, environment: env, write: (text) => void stdout.write(text) })
  const held = holdConsole()
  // Before anything is drawn: a key in between would be echoed into the picture.
  stdin.setRawMode(true)
  const drawn = drawConsole(
    {
      engine,
      jobs,
      facts: {
        ...facts,
        readOnly,
        options: [
          ...(given.root === undefined ? [] : [`--root=${given.root}`]),
          ...(given.config === undefined ? [] : [`--config=${given.config}`]),
        ],
      },
      capability,
      terminal,
      questions,
      now: () => Date.now(),
    },
    keys,
  )
  const giveBack = (): void => {
    drawn.leave()
    stdin.setRawMode(false)
    // It has no second screen to leave, so that the last picture would stay.
    if (env['TERM'] === 'linux') stdout.write('\x1b[H\x1b[J')
    for (const line of held.release()) process.stderr.write(`${line}\n`)
  }
  // Whoever tells of the error comes after.
  process.prependListener('uncaughtException', giveBack)
  const ended = signalled(keys, () => terminal.isHandedOver)
  try {
    const left = await Promise.race([drawn.left, ended.code])
    return typeof left === 'number' ? left : (left?.exitCode ?? 0)
  } finally {
    process.removeListener('uncaughtException', giveBack)
    giveBack()
    // The keyboard is given back a moment after the last component is gone.
    await nextTurn()
    ended.stop()
    await close()
  }
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

/** What a program ends with that a signal ended. A terminal that is gone is a hang-up, told or not. */
function signalled(keys: KeyStream, isElsewhere: () => boolean): { readonly code: Promise<number>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<number>()
  const hear = (signal: keyof typeof signalNumbers): void => {
    if (signal !== 'SIGINT' || !isElsewhere()) resolve(128 + signalNumbers[signal])
  }
  const names = Object.keys(signalNumbers) as (keyof typeof signalNumbers)[] // its own keys
  for (const name of names) process.on(name, hear)
  keys.once('gone', () => hear('SIGHUP'))
  return {
    code: promise,
    stop() {
      for (const name of names) process.removeListener(name, hear)
    },
  }
}

/** Ink and chalk look at these once, when they are loaded, and know neither NO_COLOR nor what TERM can do. */
async function withColors<T>({ colors }: Capability, load: () => Promise<T>): Promise<T> {
  const before = process.env['FORCE_COLOR']
  process.env['FORCE_COLOR'] = colors === 'none' ? '0' : '1'
  try {
    return await load()
  } finally {
    if (before === undefined) delete process.env['FORCE_COLOR']
    else process.env['FORCE_COLOR'] = before
  }
}
