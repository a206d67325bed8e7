import type { CommandSpec } from './command-spec.ts'
import { usageLine } from './given.ts'
import { exitMeanings, globalOptions, type OptionSpec } from './grammar.ts'
import { hanging, wrapped } from './wrap.ts'

interface CommandLine {
  readonly words: string
  readonly about: string
}

/**
 * What a command does, what it takes, two examples and its exit codes; at 80 columns. `more` are the commands whose
 * words begin with its own.
 */
export function commandHelp(command: CommandSpec, more: readonly CommandLine[] = []): string {
  const sections = [
    wrapped(command.about, 0),
    `usage: ${usageLine(command)}`,
    optionSection(
      'options',
      command.options.filter((option) => option.unsupported === undefined),
    ),
    commandSection('also', more),
    optionSection('everywhere', globalOptions),
    ['examples', ...command.examples.flatMap(([line, means]) => [`  ${line}`, wrapped(means, 6)])].join('\n'),
    ['exit codes', ...command.exits.map((code) => `  ${String(code).padEnd(4)} ${exitMeanings[code]}`)].join('\n'),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

export function overviewHelp(commands: readonly CommandLine[]): string {
  return `${[
    'Holdfast: backup and disaster recovery, with a restore you can look at first.',
    'usage: holdfast COMMAND [options]\n       holdfast [--read-only]   the console, on a terminal; elsewhere the status',
    commandSection('commands', commands),
    optionSection('everywhere', globalOptions),
    'holdfast COMMAND --help tells more of one; holdfast backup COMMAND is the same.',
  ].join('\n\n')}\n`
}

function commandSection(title: string, commands: readonly CommandLine[]): string {
  if (commands.length === 0) return ''
  const widest = Math.max(...commands.map(({ words }) => words.length))
  return [title, ...commands.map(({ words, about }) => hanging(`  ${words.padEnd(widest)}  `, about))].join('\n')
}

function optionSection(title: string, options: readonly OptionSpec[]): string {
  if (options.length === 0) return ''
  const flags = options.map((option) => `  ${flagText(option)}`)
  const column = Math.min(26, Math.max(...flags.map((flag) => flag.length)) + 2)
  const lines = options.map((option, at) => {
    const flag = flags[at]!
    const about = aboutText(option)
    if (flag.length + 2 <= column) return hanging(flag.padEnd(column), about)
    return `${flag}\n${hanging(' '.repeat(column), about)}`
  })
  return [title, ...lines].join('\n')
}

function flagText({ name, value, valueOptional }: OptionSpec): string {
  if (value === undefined) return `--${name}`
  return valueOptional ? `--${name} [${value}]` : `--${name} ${value}`
}

function aboutText({ about, choices, repeats, unsupportedValues }: OptionSpec): string {
  const available = choices?.filter((choice) => unsupportedValues?.[choice] === undefined)
  const parts = [about]
  if (available !== undefined) parts.push(`one of ${available.join(', ')}`)
  if (repeats) parts.push('may be repeated')
  return parts.join('; ')
}
