import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { type ConfigurationProblem, checkConfiguration, dottedKey, type KeyPath } from '../model/configuration-keys.ts'
import type { Configuration } from '../model/configuration-schema.ts'
import { BackupError } from '../model/errors.ts'
import { printable } from '../model/path.ts'

/** backup_config.json as text: JSON with comments and trailing commas, and where each of its keys stands. */

export interface ParsedConfiguration {
  readonly document: Configuration
  /** `backup_config.json:12:7` of a key, or of the nearest thing above it. */
  where(path: KeyPath): string
}

/** Throws E_CONFIG with line and column for what is not JSON, repeats a key, or is not known to the schema. */
export function parseConfiguration(text: string, name: string): ParsedConfiguration {
  const errors: ParseError[] = []
  const tree = parseTree(text, errors, { allowTrailingComma: true })
  const at = (offset: number) => `${name}:${lineAndColumn(text, offset)}`
  const first = errors[0]
  if (first !== undefined || tree === undefined) {
    const code = first === undefined ? 'ValueExpected' : printParseErrorCode(first.error)
    const what = code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
    throw new BackupError(
      'E_CONFIG',
      `${at(first?.offset ?? 0)}: not valid JSON: ${what}`,
      'look for a missing comma, quote or bracket just before it',
    )
  }
  const value = plainValue(tree, [], at)
  const where = (path: KeyPath) => at(nearestNode(tree, path).offset)
  const checked = checkConfiguration(value)
  if ('document' in checked) return { document: checked.document, where }
  throw problemError(
    checked.problems,
    (problem) => (problem.aboutKey ? keyOffset(tree, problem.path) : null),
    where,
    at,
  )
}

function problemError(
  problems: readonly ConfigurationProblem[],
  offsetOfKey: (problem: ConfigurationProblem) => number | null,
  where: (path: KeyPath) => string,
  at: (offset: number) => string,
): BackupError {
  const lines = problems.map((problem) => {
    const offset = offsetOfKey(problem)
    const place = offset === null ? where(problem.path) : at(offset)
    return `${place}: ${printable(dottedKey(problem.path)) || 'the file'} ${problem.what}`
  })
  const hint = problems.find((problem) => problem.hint !== '')?.hint ?? 'docs/configuration.md lists every key'
  return new BackupError('E_CONFIG', lines.slice(0, 8).join('; ') + (lines.length > 8 ? '; and more' : ''), hint)
}

/** The tree's value. Unlike a plain parse, a repeated key is refused, and no key can reach an object's prototype. */
function plainValue(node: Node, path: KeyPath, at: (offset: number) => string): unknown {
  if (node.type === 'array') return (node.children ?? []).map((child, index) => plainValue(child, [...path, index], at))
  if (node.type !== 'object') return node.value
  const held = new Map<string, unknown>()
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children ?? []
    if (keyNode === undefined || valueNode === undefined) continue
    const key = String(keyNode.value)
    const below = [...path, key]
    const dotted = printable(dottedKey(below))
    if (held.has(key))
      throw new BackupError('E_CONFIG', `${at(keyNode.offset)}: ${dotted} stands twice`, 'remove one of the two')
    if (key === '__proto__') throw new BackupError('E_CONFIG', `${at(keyNode.offset)}: ${dotted} is not a known key`)
    held.set(key, plainValue(valueNode, below, at))
  }
  return Object.fromEntries(held)
}

/** The node at `path`, or the deepest one above it that exists. */
function nearestNode(tree: Node, path: KeyPath): Node {
  let node = tree
  for (const part of path) {
    const next = typeof part === 'number' ? node.children?.[part] : propertyOf(node, part)?.children?.[1]
    if (next === undefined) return node
    node = next
  }
  return node
}

function keyOffset(tree: Node, path: KeyPath): number {
  const holder = nearestNode(tree, path.slice(0, -1))
  return propertyOf(holder, String(path.at(-1)))?.children?.[0]?.offset ?? holder.offset
}

function propertyOf(node: Node, key: string): Node | undefined {
  if (node.type !== 'object') return undefined
  return node.children?.find((property) => property.children?.[0]?.value === key)
}

/** Both from 1, as editors count. */
function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/)
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}
