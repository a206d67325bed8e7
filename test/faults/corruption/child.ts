import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { BackupError, errorTable } from '../../../src/model/errors.ts'
import { seeded } from '../../e2e/trees.ts'
import { CorruptionBench } from './bench.ts'
import { type Damaged, flipByte, type Next, spoilBlocks, spoilJson, spoilLines } from './damage.ts'
import type { Subject } from './subject.ts'
import { subjects } from './subjects.ts'

/**
 * A process that damages files and reads them, some cases for every line of stdin, and answers each with a line of
 * stdout. It dies of what the engine dies of, and hangs where the engine hangs: whoever started it watches.
 */
export interface Order {
  readonly subject: string
  readonly manner: 'flip' | 'structure'
  /** Cases have numbers; the same number is the same damage. */
  readonly from: number
  readonly count: number
}

export interface Answer {
  readonly problems: readonly string[]
  /** Cases that were answered by an error, and how often each. */
  readonly codes: Readonly<Record<string, number>>
  readonly slowestMs: number
}

/** The first line of stdout: what comes after it is the engine's doing. */
export const ready = 'ready'

/** Longer than that is a hang; a case takes some milliseconds. */
const hangMs = 10_000

const top = process.argv[2] as string
mkdirSync(top, { recursive: true })
const bench = new CorruptionBench(top, process.argv[3] as string)
await bench.prepare()
process.stdout.write(`${JSON.stringify(ready)}\n`)

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await perform(JSON.parse(line) as Order))}\n`) // written by corruption-process.ts
}

async function perform({ subject: name, manner, from, count }: Order): Promise<Answer> {
  const subject = subjects.find((one) => one.name === name)
  if (subject === undefined) throw new Error(`there is nothing called ${name}`)
  const problems: string[] = []
  const codes: Record<string, number> = {}
  let slowestMs = 0
  bench.begin()
  const files = subject.files(bench)
  const sound = files.map((path) => readFileSync(path))
  for (let turn = from; turn < from + count; turn++) {
    const next = seeded(turn * 2 + (manner === 'flip' ? 0 : 1))
    next()
    const which = Math.floor(next() * files.length)
    const path = files[which]!
    let { bytes, how } = damage(subject, manner, sound, which, next)
    // Zeros over zeros are no damage.
    while (bytes.equals(sound[which]!)) ({ bytes, how } = damage(subject, manner, sound, which, next))
    const say = (what: string): void =>
      void problems.push(`${name} ${manner} ${turn}, ${path.slice(top.length + 1)}, ${how}: ${what}`)
    writeFileSync(path, bytes)
    const begun = performance.now()
    try {
      for (const what of await subject.read(bench, path, turn)) say(what)
    } catch (error) {
      const known = error instanceof BackupError && Object.hasOwn(errorTable, error.code) && error.code !== 'E_INTERNAL'
      if (!known) say(`threw ${error instanceof Error ? error.stack : String(error)}`)
      const code = error instanceof BackupError ? error.code : 'other'
      codes[code] = (codes[code] ?? 0) + 1
    }
    const ms = performance.now() - begun
    slowestMs = Math.max(slowestMs, ms)
    if (ms > hangMs) say(`took ${Math.round(ms)} ms`)
    bench.begin()
  }
  return { problems, codes, slowestMs }
}

function damage(
  subject: Subject,
  manner: Order['manner'],
  sound: readonly Buffer[],
  which: number,
  next: Next,
): Damaged {
  const good = sound[which]!
  if (manner === 'flip') return flipByte(good, next)
  const way = next()
  const others = sound.filter((_, at) => at !== which)
  if (subject.form === 'lines' && way < 0.4) return spoilLines(good, next)
  if (subject.form !== 'json' || way < 0.4) return spoilBlocks(good, others, next)
  const { value, how } = spoilJson(JSON.parse(good.toString('utf8')), next)
  const isSealed = subject.seal !== undefined && next() < 0.7
  return {
    bytes: Buffer.from(JSON.stringify(isSealed ? subject.seal?.(value) : value)),
    how: isSealed ? `${how}, checksum put right` : how,
  }
}
