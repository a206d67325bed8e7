import { BackupError } from '../../model/errors.ts'
import { printable } from '../../model/path.ts'
import { type CommandGrammar, globalOptions, type OptionSpec } from './grammar.ts'

/** The arguments of one command, taken apart and checked against what it accepts. */
export class Given {
  readonly operands: readonly string[]
  readonly #values: ReadonlyMap<string, readonly (string | null)[]>

  constructor(operands: readonly string[], values: ReadonlyMap<string, readonly (string | null)[]>) {
    this.operands = operands
    this.#values = values
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** Null where the option is absent or stands without its optional value. */
  text(name: string): string | null {
    return this.#values.get(name)?.[0] ?? null
  }

  texts(name: string): string[] {
    return (this.#values.get(name) ?? []).filter((value) => value !== null)
  }

  /** `--services a,b --services c` is a, b, c; each once. */
  list(name: string): string[] {
    const parts = this.texts(name).flatMap((value) => value.split(','))
    const names = parts.map((part) => part.trim())
    if (names.includes('')) throw usage(`--${name} has an empty name in its list`, `write --${name} a,b`)
    return [...new Set(names)]
  }

  /** A whole number of at least `least`, and at most `most` where that is given; null where the option is absent. */
  count(name: string, least: number, most?: number): number | null {
    const text = this.text(name)
    if (text === null) return null
    if (!/^\d{1,9}$/.test(text) || Number(text) < least || Number(text) > (most ?? Number(text))) {
      const range = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`
      throw usage(`--${name} must be a whole number ${range}, not ${quoted(text)}`)
    }
    return Number(text)
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | null {
    const text = this.text(name)
    return choices.find((choice) => choice === text) ?? null
  }
}

export function usage(message: string, hint = ''): BackupError {
  return new BackupError('E_USAGE', message, hint)
}

/**
 * `; did you mean list?`, or nothing where no candidate is near. Loaded only for this: the module knows the whole
 * configuration, which a command that is spelled right has no time for.
 */
export async function suggestion(word: string, candidates: readonly string[], prefix = ''): Promise<string> {
  const { nearest } = await import('../../model/configuration-keys.ts')
  const near = nearest(word, candidates)
  return near === null ? '' : `; did you mean ${prefix}${near}?`
}

export function quoted(text: string): string {
  return `"${printable(text)}"`
}

/**
 * Takes arguments apart: `--name value`, `--name=value`, flags, operands, `--` before what only looks like an option.
 * An option takes the one argument after it and no more; one with an optional value takes it only from its own list.
 * Throws E_USAGE with the nearest match, E_UNSUPPORTED for what is not built yet.
 */
export async function parseArguments(command: CommandGrammar, args: readonly string[]): Promise<Given> {
  const options = new Map([...command.options, ...globalOptions].map((option) => [option.name, option]))
  const operands: string[] = []
  const values = new Map<string, (string | null)[]>()
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!
    if (arg === '--') {
      operands.push(...args.slice(at + 1))
      break
    }
    if (arg === '-h') {
      values.set('help', [null])
      continue
    }
    if (!arg.startsWith('-') || arg === '-') {
      operands.push(arg)
      continue
    }
    const equals = arg.indexOf('=')
    const name = arg.startsWith('--') ? arg.slice(2, equals < 0 ? undefined : equals) : ''
    const option = options.get(name)
    if (option === undefined) {
      throw await unknownOption(command, arg.slice(0, equals < 0 ? undefined : equals), [...options.keys()])
    }
    const inline = equals < 0 ? null : arg.slice(equals + 1)
    const next = args[at + 1]
    let value: string | null = null
    if (option.value === undefined) {
      if (inline !== null) throw usage(`--${name} takes no value`)
    } else if (inline !== null) {
      value = inline
    } else if (option.valueOptional) {
      if (next !== undefined && option.choices?.includes(next)) {
        value = next
        at++
      }
    } else {
      // `--target --dry-run` is a forgotten value, never a directory of that name.
      const isOption = next?.startsWith('--') === true && (next === '--' || options.has(next.slice(2).split('=')[0]!))
      if (next === undefined || isOption) throw usage(`--${name} needs a value: --${name} ${option.value}`)
      value = next
      at++
    }
    if (value !== null) await checkValue(option, value)
    const earlier = values.get(name)
    if (earlier !== undefined && option.value !== undefined && !option.repeats)
      throw usage(`--${name} is given twice`, 'give it once')
    if (earlier === undefined) values.set(name, [value])
    else earlier.push(value)
  }
  if (!values.has('help') && !values.has('version')) {
    refuseUnsupported(command, values)
    checkOperands(command, operands)
  }
  return new Given(operands, values)
}

async function unknownOption(command: CommandGrammar, arg: string, names: readonly string[]): Promise<BackupError> {
  const meant = arg.startsWith('--') ? await suggestion(arg.slice(2), names, '--') : ''
  const hint = arg.startsWith('--')
    ? `holdfast ${command.words} --help lists the options`
    : 'options have two dashes; what only looks like an option goes after --'
  return usage(`${command.words} has no option ${printable(arg)}${meant}`, hint)
}

async function checkValue(option: OptionSpec, value: string): Promise<void> {
  if (value === '' && !option.mayBeEmpty)
    throw usage(`--${option.name} has an empty value`, 'is a variable of your script unset?')
  if (option.choices === undefined || option.choices.includes(value)) return
  const meant = await suggestion(value, option.choices)
  throw usage(`--${option.name} cannot be ${quoted(value)}${meant}`, `it is one of ${option.choices.join(', ')}`)
}

function refuseUnsupported(command: CommandGrammar, values: ReadonlyMap<string, readonly (string | null)[]>): void {
  for (const option of command.options) {
    for (const value of values.get(option.name) ?? []) {
      const because = option.unsupported ?? (value === null ? undefined : option.unsupportedValues?.[value])
      if (because === undefined) continue
      const what = option.unsupported === undefined ? `--${option.name} ${value}` : `--${option.name}`
      throw notSupportedYet(`${command.words} ${what}`, because)
    }
  }
}

export function notSupportedYet(what: string, because: string): BackupError {
  return new BackupError('E_UNSUPPORTED', `${what} is not supported yet, because ${because}`, 'nothing was touched')
}

function checkOperands(command: CommandGrammar, operands: readonly string[]): void {
  const needed = command.operands.filter((operand) => operand.required)
  const missing = needed[operands.length]
  if (missing !== undefined) throw usage(`${command.words} needs ${missing.name}`, usageLine(command))
  const surplus = operands[command.operands.length]
  if (surplus !== undefined && !command.operands.at(-1)?.repeats)
    throw usage(
      `${command.words} does not take ${quoted(surplus)}`,
      command.operands.at(-1)?.surplus ?? usageLine(command),
    )
  // An empty path would mean the working directory.
  if (operands.includes(''))
    throw usage(`${command.words} was given an empty argument`, 'is a variable of your script unset?')
}

export function usageLine(command: CommandGrammar): string {
  const operands = command.operands.map(({ name, required, repeats }) => {
    const text = repeats ? `${name}…` : name
    return required ? text : `[${text}]`
  })
  return ['holdfast', command.words, ...operands, '[options]'].join(' ')
}
