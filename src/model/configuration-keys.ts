import * as z from 'zod'
import { type Configuration, configurationSchema } from './configuration-schema.ts'

/** The keys of backup_config.json as the schema knows them, and what to say about one it does not know. */

export type KeyPath = readonly (string | number)[]

/** `integrations.cloud_storage[0].region` */
export function dottedKey(path: KeyPath): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('')
}

/** Every key that holds a value, with `*` for a name the operator chooses and for a place in a list. */
export function schemaKeys(): string[] {
  return keysBelow(configurationSchema, [])
}

function keysBelow(schema: unknown, path: readonly string[]): string[] {
  const bare = withoutOptional(schema)
  if (bare instanceof z.ZodObject)
    return Object.entries(bare.shape).flatMap(([key, value]) => keysBelow(value, [...path, key]))
  if (bare instanceof z.ZodRecord) return keysBelow(bare.valueType, [...path, '*'])
  if (bare instanceof z.ZodArray && withoutOptional(bare.element) instanceof z.ZodObject)
    return keysBelow(bare.element, [...path, '*'])
  return [path.join('.')]
}

function withoutOptional(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? withoutOptional(schema.unwrap()) : schema
}

/** The keys that may stand in the object at `path`; empty where anything or nothing may. */
function keysAt(path: KeyPath): string[] {
  let schema: unknown = configurationSchema
  for (const part of path) {
    const bare = withoutOptional(schema)
    if (bare instanceof z.ZodObject) schema = bare.shape[part]
    else if (bare instanceof z.ZodRecord) schema = bare.valueType
    else if (bare instanceof z.ZodArray) schema = bare.element
    else return []
  }
  const bare = withoutOptional(schema)
  return bare instanceof z.ZodObject ? Object.keys(bare.shape) : []
}

export interface ConfigurationProblem {
  readonly path: KeyPath
  /** True where the key itself is at fault, not its value. */
  readonly aboutKey: boolean
  /** What is wrong, to follow the dotted key. Never the value: it may be a password put in the wrong place. */
  readonly what: string
  readonly hint: string
}

/** The document, or what is wrong with it, one problem per key. */
export function checkConfiguration(
  value: unknown,
): { readonly document: Configuration } | { readonly problems: readonly ConfigurationProblem[] } {
  const parsed = configurationSchema.safeParse(value)
  return parsed.success ? { document: parsed.data } : { problems: parsed.error.issues.flatMap(problemsOf) }
}

function problemsOf(issue: z.core.$ZodIssue): ConfigurationProblem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ ...unknownKey(path, key), path: [...path, key], aboutKey: true }))
  if (issue.code === 'invalid_key')
    return [{ path, aboutKey: true, what: issue.issues[0]?.message ?? 'must be a name', hint: '' }]
  return [{ path, aboutKey: false, what: whatIsWrong(issue), hint: '' }]
}

function unknownKey(path: KeyPath, key: string): { what: string; hint: string } {
  const known = keysAt(path)
  const near = nearest(key, known)
  const within = path.length === 0 ? 'the sections are' : `the keys of ${dottedKey(path)} are`
  return {
    what: near === null ? 'is not a known key' : `is not a known key; did you mean ${dottedKey([...path, near])}?`,
    hint: known.length === 0 ? '' : `${within} ${known.join(', ')}`,
  }
}

function whatIsWrong(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? issue.expected}${/received undefined/.test(issue.message) ? ', and is missing' : ''}`
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string'
        ? 'must not be empty'
        : `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`
    case 'too_big':
      return `must be at most ${issue.maximum}`
    default:
      return issue.message.charAt(0).toLowerCase() + issue.message.slice(1)
  }
}

const typeNames: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
}

/** The candidate that differs least from `word`, where it is near enough to be meant, or holds it; null where none does. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const limit = Math.max(2, Math.floor(word.length / 4))
  let best: string | null = null
  let bestDistance = limit + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate
      bestDistance = distance
    }
  }
  if (best !== null || word.length < 4) return best
  return candidates.find((candidate) => candidate.includes(word.toLowerCase())) ?? null
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let distance = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (same ? 0 : 1))
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        distance = Math.min(distance, before[column - 2]! + 1)
      current.push(distance)
    }
    before = above
    above = current
  }
  return above[b.length]!
}
