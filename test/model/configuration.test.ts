import { readFileSync } from 'node:fs'
import { parse } from 'jsonc-parser'
import { expect, test } from 'vitest'
import { checkConfiguration, dottedKey, nearest, schemaKeys } from '../../src/model/configuration-keys.ts'
import { keyRows, rowFor } from '../../src/model/configuration-support.ts'
import { namedVariables, variableRows } from '../../src/model/configuration-variable-answers.ts'
import { variableSchemas } from '../../src/model/configuration-variables.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const blocks = [...read('../fixtures/seed-configuration.md').matchAll(/```json\n(.*?)```/gs)].map((match) => match[1]!)
const guide = read('../../docs/configuration.md')

function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  if (Array.isArray(value) && !value.some((item) => typeof item === 'object')) return [path]
  return Object.entries(value).flatMap(([key, item]) =>
    leaves(item, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

const seedLeaves = blocks.flatMap((block) => leaves(parse(block, [], { allowTrailingComma: true })))

test('knows the seventeen blocks of the seed guide and their keys', () => {
  expect(blocks).toHaveLength(17)
  expect(seedLeaves.length).toBeGreaterThan(200)
})

test.each(blocks.map((block, at) => [at + 1, block] as const))('accepts block %i of the seed guide', (_, block) => {
  expect(checkConfiguration(parse(block, [], { allowTrailingComma: true }))).toHaveProperty('document')
})

test.each([...new Set(seedLeaves.map(dottedKey))].map((key, at) => [key, at] as const))(
  'has an answer for the seed key %s',
  (key) => {
    expect(rowFor(seedLeaves.find((path) => dottedKey(path) === key)!)).not.toBeNull()
  },
)

test.each(schemaKeys())('has an answer for the schema key %s', (key) => {
  expect(rowFor(key.split('.'))).not.toBeNull()
})

test('has no row for a key that the schema does not know, and no row twice', () => {
  const keys = schemaKeys().map((key) => key.split('.'))
  const covers = (row: string) =>
    keys.some((key) => row.split('.').every((part, at) => part === '*' || key[at] === '*' || part === key[at]))
  expect(keyRows.filter((row) => !covers(row.key)).map((row) => row.key)).toEqual([])
  expect(new Set(keyRows.map((row) => row.key)).size).toBe(keyRows.length)
})

test('has a row for every variable of the seed documents', () => {
  const seed = read('../fixtures/seed-environment.md')
  const named = [...seed.matchAll(/^(?:- `)?([A-Z][A-Z0-9_]+)[=`]/gm)].map((match) => match[1]!)
  const inKeys = [...blocks.join('\n').matchAll(/"(?:\w*env_var|environment_variable)": "(\w+)"/g)].map((m) => m[1]!)
  expect(new Set(named).size).toBe(24)
  const known = new Set<string>([...variableRows, ...namedVariables].map((row) => row.name))
  expect([...named, ...inKeys].filter((name) => !known.has(name))).toEqual([])
  expect(variableRows.map((row) => row.name).sort()).toEqual(Object.keys(variableSchemas).sort())
})

test('lists every row in the guide with its own words, and nothing else', () => {
  const level = (answer: unknown) => (answer === 'effect' ? 'works' : 'answered')
  const lines = [
    ...keyRows.map((row) => `| \`${row.key}\` | ${level(row.answer)} | ${row.text} |`),
    ...variableRows.map((row) => `| \`${row.name}\` | ${level(row.answer)} | ${row.text} |`),
    ...namedVariables.map((row) => `| \`${row.name}\` | named | read where \`${row.namedBy}\` names it |`),
  ]
  const inGuide = guide.split('\n').filter((line) => /^\| `[^`]+` \| (works|answered|named) \|/.test(line))
  expect(inGuide.toSorted()).toEqual(lines.toSorted())
})

test.each([
  ['compresion', 'compression'],
  ['storge', 'storage'],
  ['retention', 'retention_policies'],
  ['zzzzzz', null],
])('the nearest section to %s is %s', (word, expected) => {
  expect(nearest(word, ['storage', 'compression', 'encryption', 'retention_policies'])).toBe(expected)
})

test('asks for a word only where one is near: two letters are not a misspelling of any two others', () => {
  expect(nearest('ab', ['xy'])).toBeNull()
})
