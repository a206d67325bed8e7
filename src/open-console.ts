import process from 'node:process'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ConsoleOptions } from './commands/parts/dispatch.ts'
import type { Capability } from './model/console.ts'
import { BackupError } from './model/errors.ts'
import { version } from './model/version.ts'
import { glyphsFor } from './screens/text/glyphs.ts'
import { capabilityOf, whyNotDrawable } from './terminal/capability.ts'
import { holdConsole } from './terminal/held-console.ts'
import { KeyStream } from './terminal/key-stream.ts'
import { packOutput } from './terminal/pack-output.ts'
import { openQuestions } from './terminal/questions.ts'
import { openTerminalPort } from './terminal/terminal-port.ts'
import { whoIsHere } from './terminal/who-is-here.ts'

/**
 * The console, from a shell's terminal back to a shell's terminal: whatever ends it, the screen, the cursor and the
 * keyboard are as they were. Only bin/holdfast can do that after SIGKILL.
 *
 * @throws E_USAGE where it cannot be drawn; what reading the settings throws; what broke the drawing.
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
  const { drawConsole } = await withColors(capability, () => import('./draw-console.tsx'))
  const keys = new KeyStream(stdin, capability.escapeMs)
  const terminal = openTerminalPort({ keys, environment: env, write: (text) => void stdout.write(text) })
  const { readOnly } = options
  const here = whoIsHere()
  const held = holdConsole()
  // Before anything is drawn: a key in between would be echoed into the picture.
  stdin.setRawMode(true)
  const splash = { facts: { ...here, readOnly }, glyphs: glyphsFor(capability.unicode), now: Date.now() }
  const unpack = packOutput(stdout)
  const drawn = drawConsole(splash, capability, keys, () => terminal.isElsewhere)
  const giveBack = (): void => {
    drawn.leave()
    unpack()
    stdin.setRawMode(false)
    // It has no second screen to leave, so that the last picture would stay.
    if (env['TERM'] === 'linux') stdout.write('\x1b[H\x1b[J')
    for (const line of held.release()) process.stderr.write(`${line}\n`)
  }
  // Whoever tells of the error comes after.
  process.prependListener('uncaughtException', giveBack)
  const ended = signalled(keys, () => terminal.isHandedOver)
  let close = async (): Promise<void> => {}
  const show = async (): Promise<void> => {
    const questions = openQuestions()
    const { wire } = await import('./wire.ts')
    const wired = await wire({
      ...placesOf(options),
      readOnly,
      onPassphrase: () => questions.askPassphrase(),
      staysOpen: true,
    })
    close = () => wired.close()
    const facts = { ...here, root: wired.root, version, readOnly, options: commandOptions(options) }
    const { engine, jobs } = wired
    await drawn.show({ engine, jobs, facts, capability, terminal, questions, now: () => Date.now() })
  }
  try {
    const left = await Promise.race([show().then(() => drawn.left), drawn.left, ended.code])
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

function placesOf({ root, config }: ConsoleOptions): Pick<ConsoleOptions, 'root' | 'config'> {
  return { ...(root === undefined ? {} : { root }), ...(config === undefined ? {} : { config }) }
}

/** What the same deed on the command line would need too. */
function commandOptions({ root, config }: ConsoleOptions): string[] {
  return [...(root === undefined ? [] : [`--root=${root}`]), ...(config === undefined ? [] : [`--config=${config}`])]
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
