import { shownKey } from '../keys/key-press.ts'
import type { BoundKey } from '../keys/key-table.ts'
import type { Layer } from '../keys/layer-stack.ts'
import { fuzzyScore } from '../text/fuzzy.ts'
import type { AnyScreen } from './screen.ts'
import type { ScreenId } from './screen-arguments.ts'

/** What `?` and `:` list, made of the registry of screens and of the keys that are bound now. Pure. */
export interface Command {
  readonly id: string
  /** Where it belongs: the title of a layer, or `screens`. */
  readonly group: string
  readonly label: string
  readonly about: string
  /** As shown: `Enter`, `Ctrl-L`, `g Home`. */
  readonly keys: string
  readonly aliases: readonly string[]
  run(): void
}

export function commandsOf(layers: readonly Layer[]): Command[] {
  return layers.flatMap(({ title, keys }) =>
    keys.map((key) => ({
      id: `${title}/${key.id}`,
      group: title,
      label: key.label,
      about: key.about,
      keys: keyNames(key),
      aliases: key.aliases ?? [],
      run: key.run,
    })),
  )
}

export function screenCommands(screens: readonly AnyScreen[], go: (id: ScreenId) => void): Command[] {
  return screens
    .filter(({ digit }) => digit !== null)
    .map(({ id, title, digit, aliases }) => ({
      id: `screens/${id}`,
      group: 'Screens',
      label: title,
      about: 'go there',
      keys: String(digit),
      aliases: [id, ...(aliases ?? [])],
      run: () => go(id),
    }))
}

export function keyNames({ keys }: Pick<BoundKey, 'keys'>): string {
  return keys.map(shownKey).join(' ')
}

/** For `?`: what holds all the words, in its order. */
export function filterCommands(commands: readonly Command[], text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return commands.filter(({ group, label, about, keys }) => {
    const all = `${group} ${label} ${about} ${keys}`.toLowerCase()
    return words.every((word) => all.includes(word))
  })
}

/** For `:`: the best match first; an alias that is typed whole is the best of all. */
export function rankCommands(commands: readonly Command[], text: string): Command[] {
  const wanted = text.trim().toLowerCase()
  return commands
    .map((command, at) => ({ command, at, score: scoreOf(command, wanted) }))
    .filter(({ score }) => score !== null)
    .sort((a, b) => b.score! - a.score! || a.at - b.at)
    .map(({ command }) => command)
}

function scoreOf({ label, about, aliases }: Command, wanted: string): number | null {
  if (aliases.includes(wanted)) return 10_000
  const scores = [fuzzyScore(label.toLowerCase(), wanted), ...aliases.map((alias) => fuzzyScore(alias, wanted))]
  const inAbout = about.toLowerCase().indexOf(wanted)
  if (inAbout >= 0) scores.push(-inAbout)
  const found = scores.filter((score) => score !== null)
  return found.length === 0 ? null : Math.max(...found)
}
