import type { Engine } from '../../model/engine.ts'
import { BackupError } from '../../model/errors.ts'
import { commands, internalCommands, type RegisteredCommand } from '../registry.ts'
import type { CommandSpec, Context, Disk } from './command-spec.ts'
import { type Given, notSupportedYet, parseArguments, quoted, suggestion, usage } from './given.ts'
import { globalOptions } from './grammar.ts'
import { commandHelp, overviewHelp } from './help.ts'
import { interrupted, Output, ReaderGone, type Stream } from './output.ts'
import { existingPassphrase } from './passphrase.ts'
import { RunVoice } from './progress.ts'
import { openStarter } from './starter.ts'
import { type InputStream, openTerminal } from './terminal.ts'
import { unsupportedCommands } from './unsupported.ts'

/** The process as the command line sees it; a test hands in another. */
export interface Surroundings {
  readonly stdin: InputStream
  readonly stdout: Stream
  readonly stderr: Stream
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly host: string
  now(): number
  elapsed(): number
  version(): string
  wire(options: WireOptions): Promise<{ engine: Engine; close(): Promise<void> }>
  disk(): Promise<Disk>
  openConsole(options: ConsoleOptions): Promise<number>
  runDaemon(options: DaemonOptions): Promise<number>
  /** Hears INT, TERM and HUP; gives back how to stop hearing. */
  onInterrupt(hear: (signal: string) => void): () => void
  /** Hears errors that nobody awaited, such as one thrown in an event's listener. */
  onStrayError(hear: (error: unknown) => void): void
  /** Ends the process now. */
  exit(code: number): void
}

export interface WireOptions {
  root?: string
  config?: string
  onPassphrase?: () => Promise<string>
  /** The command will walk a source beside other work. */
  walks?: boolean
  /** The command is the process of a job. */
  isJob?: boolean
}

export interface ConsoleOptions extends Pick<WireOptions, 'root' | 'config'> {
  /** Shows everything, changes nothing. */
  readonly readOnly: boolean
  /** --no-color was given. */
  readonly colorless: boolean
}

export interface DaemonOptions extends Pick<WireOptions, 'root' | 'config'> {
  /** How long runs may go on by themselves when it is to stop. */
  readonly graceMs: number
}

/** Words in front of the command, and the command's own arguments. */
interface Called {
  /** Null for a bare `holdfast`. */
  readonly words: string | null
  readonly rest: readonly string[]
}

const loneOptions = ['--daemon', '--read-only']

/** From the arguments to the exit code. Never throws. */
export async function dispatch(argv: readonly string[], world: Surroundings): Promise<number> {
  const before = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined)
  const { environment } = world
  const canErase = environment['TERM'] !== undefined && environment['TERM'] !== 'dumb'
  const out = new Output({
    stdout: world.stdout,
    stderr: world.stderr,
    json: before.includes('--json'),
    quiet: before.includes('--quiet'),
    color: world.stderr.isTTY === true && canErase && !environment['NO_COLOR'] && !before.includes('--no-color'),
    debug: Boolean(environment['HOLDFAST_DEBUG']),
    columns: /^[1-9]\d{1,3}$/.test(environment['COLUMNS'] ?? '') ? Number(environment['COLUMNS']) : null,
    canErase,
  })
  world.onStrayError((error) => world.exit(out.fail(error)))
  try {
    return await perform(argv, world, out)
  } catch (error) {
    if (error instanceof ReaderGone) return 0
    return out.fail(error)
  } finally {
    await out.end()
  }
}

async function perform(argv: readonly string[], world: Surroundings, out: Output): Promise<number> {
  const { words, rest } = await findWords(argv)
  if (words === null) {
    if (rest.includes('--version')) return tellVersion(out, world.version())
    if (rest.includes('--help') || rest.includes('-h')) return tellHelp(out, overviewHelp(commands))
    return bare(rest, world, out)
  }
  if (words === 'version') return tellVersion(out, world.version())
  if (words === 'help') {
    const asked = await findWords(rest.filter((arg) => !arg.startsWith('-')))
    if (asked.words === null) return tellHelp(out, overviewHelp(commands))
    return tellHelp(out, commandHelp(await loadCommand(asked.words), commandsOf(asked.words)))
  }
  const command = await loadCommand(words)
  const given = await parseArguments(command, rest)
  if (given.has('version')) return tellVersion(out, world.version())
  if (given.has('help')) return tellHelp(out, commandHelp(command, commandsOf(words)))
  return carryOut(command, given, world, out)
}

/** `holdfast` alone: the console on a terminal; the status as text where nobody could use one, or wants only a word. */
async function bare(rest: readonly string[], world: Surroundings, out: Output): Promise<number> {
  const onTerminal = world.stdin.isTTY === true && world.stdout.isTTY === true
  if (onTerminal && !out.json && !out.quiet) {
    const console = await loadCommand('console')
    return carryOut(console, await parseArguments(console, rest), world, out)
  }
  const status = await loadCommand('status')
  const given = rest.filter((arg) => arg !== '--read-only')
  return carryOut(status, await parseArguments(status, given), world, out)
}

async function findWords(argv: readonly string[]): Promise<Called> {
  const rest = [...argv]
  let words: string | null = null
  let prefixed = false
  for (let at = 0; at < rest.length; at++) {
    const arg = rest[at]!
    if (arg === '--') break
    if (arg.startsWith('-') && arg !== '-') {
      const name = arg.replace(/^--/, '').split('=')[0]!
      const option = globalOptions.find((one) => one.name === name)
      if (arg === '--daemon' && words === null) {
        rest.splice(at, 1)
        return { words: 'daemon', rest }
      }
      if (option === undefined && words !== null && arg !== '-h' && isCommand(words)) return { words, rest }
      if (option?.value !== undefined && !arg.includes('=')) at++
      else if (option === undefined && words === null && arg !== '-h' && !loneOptions.includes(arg))
        throw await unknownFirstOption(arg)
      continue
    }
    // Of a command that is a group too, what is no command of the group is its operand.
    if (words !== null && isCommand(words) && !isCommand(`${words} ${arg}`)) return { words, rest }
    rest.splice(at--, 1)
    if (words === null && arg === 'backup' && !prefixed) {
      prefixed = true
      continue
    }
    words = words === null ? arg : `${words} ${arg}`
    if (commandsOf(words).length === 0) return { words, rest }
  }
  if (prefixed && words === null)
    throw usage('backup needs to know what', 'as in holdfast backup create, or holdfast create')
  if (words !== null && isCommand(words)) return { words, rest }
  if (words !== null) throw usage(`${words} needs to know what`, `it is one of ${subcommandsOf(words).join(', ')}`)
  return { words, rest }
}

function isCommand(words: string): boolean {
  return commands.some((command) => command.words === words)
}

/** Those of a group, without its own. */
function commandsOf(group: string): readonly RegisteredCommand[] {
  return commands.filter(({ words }) => words.startsWith(`${group} `))
}

function subcommandsOf(group: string): string[] {
  return commandsOf(group).map(({ words }) => words.slice(group.length + 1))
}

async function unknownFirstOption(arg: string): Promise<Error> {
  const names = [...globalOptions.map(({ name }) => `--${name}`), ...loneOptions]
  const meant = await suggestion(arg.split('=')[0]!, names)
  return usage(
    `holdfast has no option ${quoted(arg)}${meant}`,
    'options of a command follow it: holdfast COMMAND [options]',
  )
}

/** Throws E_UNSUPPORTED for a command to come, E_USAGE with the nearest match for one that will never be. */
async function loadCommand(words: string): Promise<CommandSpec> {
  const found = [...commands, ...internalCommands].find((command) => command.words === words)
  if (found !== undefined) return found.load()
  const reason = Object.hasOwn(unsupportedCommands, words) ? unsupportedCommands[words] : undefined
  if (reason !== undefined) throw notSupportedYet(words, reason)
  const [first, second] = words.split(' ')
  const group = second === undefined ? null : first!
  const names =
    group === null ? [...commands.map((one) => one.words.split(' ')[0]!), 'help', 'version'] : subcommandsOf(group)
  const meant = await suggestion(second ?? first!, names)
  throw usage(`there is no command ${quoted(words)}${meant}`, 'holdfast --help lists the commands')
}

async function carryOut(command: CommandSpec, given: Given, world: Surroundings, out: Output): Promise<number> {
  const controller = new AbortController()
  let interrupts = 0
  const hear = (signal: string): void => {
    if (command.isJob && signal === 'SIGHUP') return
    interrupts++
    if (command.onInterrupt === 'at-once') {
      world.exit(out.fail(interrupted()))
      return
    }
    // The third comes from somebody who has lost patience. It leaves no more behind than a kill, which is harmless.
    if (interrupts > 2) world.exit(out.fail(endedAtOnce()))
    else out.aside(interrupts === 1 ? 'interrupted; stopping cleanly' : 'still stopping; once more ends it at once')
    controller.abort(interrupted())
  }
  const stopHearing = command.onInterrupt === 'itself' ? () => {} : world.onInterrupt(hear)
  const terminal = command.isJob
    ? openStarter(world.stdin, out, controller.signal)
    : openTerminal(world.stdin, world.stderr, out, controller.signal)
  let wired: Promise<{ engine: Engine; close(): Promise<void> }> | null = null
  const [root, config] = [given.text('root'), given.text('config')]
  const places = { ...(root === null ? {} : { root }), ...(config === null ? {} : { config }) }
  const open = (): Promise<{ engine: Engine; close(): Promise<void> }> =>
    world.wire({
      ...places,
      ...(command.walks?.(given) === true ? { walks: true } : {}),
      ...(command.isJob ? { isJob: true, onPassphrase: () => terminal.askSecret('') } : {}),
      ...(terminal.interactive ? { onPassphrase: () => existingPassphrase(terminal) } : {}),
    })
  const context: Context = {
    out,
    terminal,
    signal: controller.signal,
    host: world.host,
    unicode: drawsUnicode(world.environment),
    now: () => world.now(),
    engine: async () => {
      wired ??= open()
      return (await wired).engine
    },
    disk: () => world.disk(),
    openConsole: (options) => world.openConsole({ ...places, ...options }),
    runDaemon: (options) => world.runDaemon({ ...places, ...options }),
    during: () => {
      const voice = new RunVoice(out, () => world.elapsed())
      return { signal: controller.signal, listen: (event) => voice.hear(event) }
    },
  }
  try {
    const exitCode = await command.run(given, context)
    await out.end()
    if (out.lost === null || exitCode !== 0) return exitCode
    // What only tells has failed where it could not; what was done is done, though nobody heard.
    if (command.onInterrupt === 'at-once') throw out.lost
    out.warning(out.lost.message)
    return 3
  } catch (error) {
    // What an abort breaks surfaces in many shapes; it is an interruption all the same.
    const told = error instanceof BackupError && error.code !== 'E_INTERNAL'
    if (controller.signal.aborted && !told) throw interrupted()
    throw error
  } finally {
    stopHearing()
    await closeQuietly(wired)
  }
}

function endedAtOnce(): BackupError {
  return new BackupError(
    'E_INTERRUPTED',
    'interrupted before it could stop cleanly',
    'what is half-done is swept by the next command that writes here',
  )
}

/** What failed to open has said so already. */
async function closeQuietly(wired: Promise<{ close(): Promise<void> }> | null): Promise<void> {
  const opened = await wired?.catch(() => null)
  await opened?.close()
}

function drawsUnicode(environment: Surroundings['environment']): boolean {
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || ''
  return environment['TERM'] !== 'linux' && /utf-?8/i.test(locale)
}

function tellHelp(out: Output, text: string): number {
  if (out.json) out.result('help', { text })
  else out.fact(text.trimEnd())
  return 0
}

function tellVersion(out: Output, version: string): number {
  if (out.json) out.result('version', { version })
  else out.fact(version)
  return 0
}
