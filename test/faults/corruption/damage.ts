/** Ways to spoil a file, each decided by `next` alone (numbers in [0, 1), the same in every run). */

export type Next = () => number
export type Damaged = { readonly bytes: Buffer; readonly how: string }

const below = (next: Next, end: number): number => Math.floor(next() * end)

export function flipByte(good: Buffer, next: Next): Damaged {
  const bytes = Buffer.from(good)
  const at = below(next, bytes.length)
  const mask = 1 + below(next, 255)
  bytes[at] = bytes[at]! ^ mask
  return { bytes, how: `byte ${at} of ${bytes.length} xor ${mask}` }
}

/** `others` are sound files of the same kind, to splice from. */
export function spoilBlocks(good: Buffer, others: readonly Buffer[], next: Next): Damaged {
  const size = Math.min(good.length, 1 << below(next, 13))
  const from = below(next, good.length - size + 1)
  const to = below(next, good.length - size + 1)
  const block = good.subarray(from, from + size)
  const cut = below(next, good.length)
  const other = others[below(next, others.length)] ?? good
  const ways: readonly (readonly [string, () => Buffer])[] = [
    [`cut at ${cut}`, () => good.subarray(0, cut)],
    ['empty', () => Buffer.alloc(0)],
    [`extended by ${size} zeros`, () => Buffer.concat([good, Buffer.alloc(size)])],
    [`extended by its own ${from}+${size}`, () => Buffer.concat([good, block])],
    [`without ${from}+${size}`, () => Buffer.concat([good.subarray(0, from), good.subarray(from + size)])],
    [`${from}+${size} twice`, () => Buffer.concat([good.subarray(0, from + size), good.subarray(from)])],
    [`zeros at ${from}+${size}`, () => Buffer.from(good).fill(0, from, from + size)],
    [
      `${from} and ${to}+${size} swapped`,
      () => {
        const bytes = Buffer.from(good)
        good.copy(bytes, from, to, to + size)
        block.copy(bytes, to)
        return bytes
      },
    ],
    [
      `${from}+${size} of another`,
      () => {
        const bytes = Buffer.from(good)
        other.copy(bytes, from, Math.min(from, other.length), Math.min(from + size, other.length))
        return bytes
      },
    ],
    [
      `another from ${from} on`,
      () => Buffer.concat([good.subarray(0, from), other.subarray(Math.min(from, other.length))]),
    ],
    ['another instead of it', () => other],
  ]
  const [how, spoil] = ways[below(next, ways.length)]!
  return { bytes: spoil(), how }
}

export function spoilLines(good: Buffer, next: Next): Damaged {
  const lines = good.toString('latin1').split('\n')
  const [a, b] = [below(next, lines.length), below(next, lines.length)]
  const ways: readonly (readonly [string, () => string[]])[] = [
    [`without line ${a}`, () => lines.toSpliced(a, 1)],
    [`line ${a} twice`, () => lines.toSpliced(a, 0, lines[a]!)],
    [`lines ${a} and ${b} swapped`, () => lines.with(a, lines[b]!).with(b, lines[a]!)],
    [`line ${a} cut`, () => lines.with(a, lines[a]!.slice(0, below(next, lines[a]!.length + 1)))],
    [`line ${a} joined to the next`, () => lines.toSpliced(a, 2, `${lines[a]}${lines[a + 1] ?? ''}`)],
    ['all lines in the other order', () => lines.toReversed()],
  ]
  const [how, spoil] = ways[below(next, ways.length)]!
  return { bytes: Buffer.from(spoil().join('\n'), 'latin1'), how }
}

const strangeValues: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  2 ** 53,
  -(2 ** 53),
  1e308,
  '',
  'x'.repeat(100_000),
  '../../../../etc/passwd',
  '/',
  'a\0b',
  '\ud800',
  [],
  {},
  [[[[[[]]]]]],
  Array(1000).fill(0),
  '2026-02-30T99:99:99.000Z',
]

/** One edit somewhere in a JSON document, as by a hand that knows what it does. */
export function spoilJson(value: unknown, next: Next): { readonly value: unknown; readonly how: string } {
  const copy = structuredClone(value)
  const places: { holder: Record<string, unknown> | unknown[]; key: string; path: string }[] = []
  const visit = (holder: unknown, path: string): void => {
    if (typeof holder !== 'object' || holder === null) return
    for (const [key, inner] of Object.entries(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key, path: `${path}/${key}` })
      visit(inner, `${path}/${key}`)
    }
  }
  visit(copy, '')
  if (places.length === 0) return { value: strangeValues[below(next, strangeValues.length)], how: 'another value' }
  const { holder, key, path } = places[below(next, places.length)]!
  const other = places[below(next, places.length)]!
  const list = Array.isArray(holder) ? holder : null
  const fields = holder as Record<string, unknown> // a list is one as well, by its numbers
  switch (below(next, 5)) {
    case 0:
      if (list !== null) list.splice(Number(key), 1)
      else delete fields[key]
      return { value: copy, how: `${path} deleted` }
    case 1:
      if (list !== null) list.push(structuredClone(list[Number(key)]))
      else fields[`${key}2`] = structuredClone(fields[key])
      return { value: copy, how: `${path} twice` }
    case 2:
      fields[key] = structuredClone((other.holder as Record<string, unknown>)[other.key])
      return { value: copy, how: `${path} is what ${other.path} was` }
    default: {
      const strange = strangeValues[below(next, strangeValues.length)]
      fields[key] = structuredClone(strange)
      return { value: copy, how: `${path} is ${JSON.stringify(strange).slice(0, 40)}` }
    }
  }
}
