import { parseDuration } from '../../model/units.ts'

/**
 * What a person types after `/`: words that must all be found, `!word` that must not, `key:value` for one field,
 * `age:>24h` and `size:<1G` for amounts, "two words" in quotes. Pure.
 */
export type FilterField<Row> =
  | { readonly name: string; readonly kind: 'text'; of(row: Row): string }
  /** Milliseconds; written as 24h, 7d. */
  | { readonly name: string; readonly kind: 'age'; of(row: Row): number | null }
  /** Bytes; written as 10M, 1.5G. */
  | { readonly name: string; readonly kind: 'size'; of(row: Row): number | null }
  | { readonly name: string; readonly kind: 'count'; of(row: Row): number | null }

export type ParsedFilter<Row> =
  | { readonly kind: 'test'; test(row: Row): boolean }
  | { readonly kind: 'error'; readonly error: string }

/** @param words all of a row that a bare word is looked for in, in lower case. */
export function parseFilter<Row>(
  text: string,
  fields: readonly FilterField<Row>[],
  words: (row: Row) => string,
): ParsedFilter<Row> {
  const tests: ((row: Row) => boolean)[] = []
  for (const term of termsOf(text)) {
    const isInverse = term.startsWith('!')
    const body = isInverse ? term.slice(1) : term
    if (body === '') continue
    const made = testOf(body, fields, words)
    if (typeof made === 'string') return { kind: 'error', error: made }
    tests.push(isInverse ? (row) => !made(row) : made)
  }
  return { kind: 'test', test: (row) => tests.every((test) => test(row)) }
}

function termsOf(text: string): string[] {
  return Array.from(text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g), ([term]) => term)
}

function testOf<Row>(
  body: string,
  fields: readonly FilterField<Row>[],
  words: (row: Row) => string,
): ((row: Row) => boolean) | string {
  const colon = body.indexOf(':')
  const name = colon > 0 ? body.slice(0, colon) : ''
  if (!/^[a-z]+$/.test(name) || body.startsWith('"')) {
    const wanted = unquoted(body).toLowerCase()
    return (row) => words(row).includes(wanted)
  }
  const field = fields.find((one) => one.name === name)
  if (field === undefined) return `no field ${name}: it is one of ${fields.map((one) => one.name).join(', ')}`
  const value = unquoted(body.slice(colon + 1))
  // While the value is still to come, nothing is left out.
  if (value === '') return () => true
  if (field.kind === 'text') {
    const wanted = value.toLowerCase()
    return (row) => field.of(row).toLowerCase().includes(wanted)
  }
  return amountTest(value, field)
}

function amountTest<Row>(
  value: string,
  field: Extract<FilterField<Row>, { kind: 'age' | 'size' | 'count' }>,
): ((row: Row) => boolean) | string {
  const [, sign, digits] = /^(>=|<=|>|<|=)?(.*)$/s.exec(value)!
  if (digits === '') return () => true
  const amount =
    field.kind === 'age' ? parseDuration(digits!) : field.kind === 'size' ? parseSize(digits!) : parseCount(digits!)
  if (amount === null) return `${field.name}:${value} is not ${examples[field.kind]}`
  return (row) => {
    const own = field.of(row)
    if (own === null) return false
    switch (sign) {
      case '>':
        return own > amount
      case '<':
        return own < amount
      case '<=':
        return own <= amount
      case '=':
        return own === amount
      default:
        return own >= amount
    }
  }
}

const examples = {
  age: 'an age: as in age:>24h, age:<7d',
  size: 'a size: as in size:>500M, size:<1.5G',
  count: 'a number: as in files:>1000',
}

const powers: Record<string, number> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 }

/** `500M`, `1.5GiB`, `2048`. */
export function parseSize(text: string): number | null {
  const [, digits, unit] = /^(\d{1,15}(?:\.\d{1,6})?)\s*([kmgtp]?)(?:i?b)?$/i.exec(text) ?? []
  return digits === undefined ? null : Number(digits) * 1024 ** powers[unit!.toLowerCase()]!
}

function parseCount(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

function unquoted(text: string): string {
  return text.replaceAll('"', '')
}
