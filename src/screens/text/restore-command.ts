import { type BytePath, pathToText } from '../../model/path.ts'
import { isEverything, type Marks, wholePaths } from './restore-scope.ts'
import { type Target, withHome } from './restore-wizard.ts'

/** A restore as it is written on the command line. Pure. */

export interface CommandFacts {
  readonly backup: string
  readonly services: readonly string[]
  readonly marks: Marks
  readonly target: Target
  readonly host: string
  readonly home: string | undefined
  /** Paths something was decided for by hand. */
  readonly decided: number
}

/** More of them are better kept in a plan. */
const mostPaths = 6

/** The words of the command; null where only a saved plan can say it. */
export function restoreWords(facts: CommandFacts): readonly string[] | null {
  const { backup, services, marks, target, host, home, decided } = facts
  const paths = isEverything(marks) ? [] : wholePaths(marks)?.map(patternOf)
  if (paths === undefined || paths.length > mostPaths || decided > 0) return null
  if (services.some((name) => name.includes(','))) return null
  const patterns = paths.filter((pattern) => pattern !== null)
  if (patterns.length < paths.length) return null
  return [
    'restore',
    backup,
    ...(services.length === 0 ? [] : [`--services=${services.join(',')}`]),
    ...patterns.map((pattern) => `--path=${pattern}`),
    ...(target.isInPlace
      ? [
          '--in-place',
          ...(target.conflict === 'overwrite' ? [] : [`--on-conflict=${target.conflict}`]),
          `--confirm=${host}`,
        ]
      : [`--target=${withHome(target.directory, home)}`]),
  ]
}

/** The words that apply a plan that was kept in a file. */
export function planWords(file: string, target: Target, host: string): readonly string[] {
  return ['restore', `--plan=${file}`, ...(target.isInPlace ? [`--confirm=${host}`] : [])]
}

/** The gitignore pattern that means this path and what lies below it; null for a name that is no text. */
function patternOf(path: BytePath): string | null {
  const text = pathToText(path)
  return text === null
    ? null
    : `/${text.replace(/[\\*?[\]]/g, '\\$&').replace(/ +$/, (blanks) => blanks.replaceAll(' ', '\\ '))}`
}
