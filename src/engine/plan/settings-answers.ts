import type { KeyRow, Level } from '../../model/configuration-answers.ts'
import { dottedKey, type KeyPath, nearest } from '../../model/configuration-keys.ts'
import { rowFor } from '../../model/configuration-support.ts'
import { namedVariables, variableRows } from '../../model/configuration-variable-answers.ts'
import { isTrueWord, type VariableName } from '../../model/configuration-variables.ts'
import { inEnvironment, type Ledger, note, refuse, type SettingsSources } from './settings-sources.ts'

/** Answers everything the operator wrote that has no effect, as the table of configuration-support.ts says. */

interface Spoken {
  readonly name: string
  readonly level: Level
  readonly text: string
}

export function answerKeys(sources: SettingsSources, ledger: Ledger): void {
  const { file } = sources
  if (file === null) return
  const answered = new Map<string, Spoken>()
  for (const path of leavesOf(file.document, [])) {
    const row = rowFor(path)
    if (row === null || row.answer === 'effect') continue
    const covered = path.slice(0, row.key.split('.').length)
    const name = dottedKey(covered)
    const level = levelOf(row, valueAt(file.document, covered), sources)
    if (level !== null && !answered.has(name)) answered.set(name, { name, level, text: row.text })
  }
  speak(ledger, [...answered.values()])
}

function levelOf(row: KeyRow, value: unknown, { file }: SettingsSources): Level | null {
  if (row.answer === 'effect' || file === null) return null
  return typeof row.answer === 'string' ? row.answer : row.answer(value, file.document)
}

export function answerVariables(sources: SettingsSources, ledger: Ledger): void {
  const isTrue = (name: VariableName) => {
    const said = inEnvironment(sources, name)
    return said === null ? null : isTrueWord(said.value)
  }
  const spoken: Spoken[] = []
  for (const row of variableRows) {
    const said = inEnvironment(sources, row.name)
    if (said === null || row.answer === 'effect') continue
    note(ledger, row.name, said.value, said)
    const level = typeof row.answer === 'string' ? row.answer : row.answer(isTrue)
    if (level !== null) spoken.push({ name: row.name, level, text: row.text })
  }
  speak(ledger, spoken)
  answerUnknownVariables(sources, ledger)
}

/** One message for all that get the same answer, so that a long file is not answered with a flood. */
function speak(ledger: Ledger, spoken: readonly Spoken[]): void {
  for (const level of ['warning', 'notice'] as const) {
    const byText = Map.groupBy(
      spoken.filter((one) => one.level === level),
      (one) => one.text,
    )
    const messages = level === 'warning' ? ledger.warnings : ledger.notices
    for (const [text, group] of byText) messages.push(`${group.map((one) => one.name).join(', ')}: ${text}`)
  }
}

/**
 * BACKUP_RECOVERY_ is nobody else's prefix: a name that begins so and is unknown is refused. Another that is nearly
 * one of ours is only pointed at, because the environment holds what other programs need too.
 */
function answerUnknownVariables(sources: SettingsSources, ledger: Ledger): void {
  const ours: string[] = variableRows.map((row) => row.name)
  const known = new Set([...ours, ...namedVariables.map((variable) => variable.name), ...namesInFile(sources)])
  for (const [name, found] of sources.environment) {
    if (known.has(name) || !/^(BACKUP|S3|JULES)_/.test(name)) continue
    const near = nearest(name, ours)
    const meant = near === null ? '' : `; did you mean ${near}?`
    if (name.startsWith('BACKUP_RECOVERY_'))
      throw refuse({ ...found, name }, `is not a known variable${meant}`, `known are ${ours.join(', ')}`)
    if (near !== null) ledger.notices.push(`${name}: not a variable that Holdfast knows${meant}`)
  }
}

/** Every variable that a key of the file names. */
function namesInFile({ file }: SettingsSources): string[] {
  if (file === null) return []
  return leavesOf(file.document, [])
    .filter((path) => /(_env_var|environment_variable)$/.test(String(path.at(-1))))
    .map((path) => String(valueAt(file.document, path)))
}

/** The path of every value; a list is one value unless it holds objects. */
function leavesOf(value: unknown, path: KeyPath): KeyPath[] {
  if (Array.isArray(value) && value.some((item) => typeof item === 'object'))
    return value.flatMap((item: unknown, at) => leavesOf(item, [...path, at]))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path]
  const entries = Object.entries(value)
  return entries.length === 0 ? [path] : entries.flatMap(([key, item]) => leavesOf(item, [...path, key]))
}

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (held, part) => (typeof held === 'object' && held !== null ? Reflect.get(held, part) : undefined),
    value,
  )
}
