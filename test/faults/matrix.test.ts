import { afterAll, beforeAll, expect, test } from 'vitest'
import { requirement } from '../requirements.ts'
import { callsFor, everyCase, fewCases, kinds } from './cases.ts'
import { EngineProcess } from './engine-process.ts'
import type { FaultKind } from './faulty-files.ts'
import { type Case, Trial } from './matrix.ts'
import type { Operation } from './operation.ts'
import { operations } from './operations/registry.ts'
import { deadline, Progress } from './progress.ts'
import { commitDate, notTried, writeRows } from './reliability-page.ts'

/**
 * Whatever call of the disk fails, and whenever the process dies: what is visible is whole, the outcome is said, and
 * the next try succeeds. HOLDFAST_LONG=1 tries every call of every operation with every kind of fault and writes the
 * table of docs/reliability.md; HOLDFAST_MINUTES ends it earlier, and the next run goes on from there;
 * HOLDFAST_OPERATIONS and HOLDFAST_KINDS name some of them, separated by semicolons.
 */

const isLong = process.env['HOLDFAST_LONG'] === '1'
const seed = Number(process.env['HOLDFAST_SEED'] ?? 20261120)
const sampleSize = 20
const day = 86_400_000
const sources = [
  'src/engine',
  'src/model',
  'src/store',
  'recovery',
  'test/faults/operations',
  'test/faults/in-process',
].concat(['cases', 'child', 'faulty-files', 'judge', 'matrix', 'witness'].map((name) => `test/faults/${name}.ts`))

function inWords({ at, kind, calls }: Case): string {
  return `${kind} at ${calls ?? 'call'} ${at}`
}

describeShort()
describeLong()

function describeShort(): void {
  let engine: EngineProcess
  beforeAll(async () => {
    if (!isLong) engine = await EngineProcess.open({ threads: true })
  })
  afterAll(async () => engine?.close())

  test
    .runIf(!isLong && requirement('python3'))
    .each(operations.map((operation) => [operation.name, operation] as const))(
    '%s survives a fault in any stretch of its run',
    async (_, operation) => {
      const trial = await Trial.open(operation, engine)
      try {
        const found: string[] = []
        let struck = 0
        const cases = await fewCases(trial, operations.indexOf(operation), seed)
        for (const fault of cases) {
          const verdict = await trial.try(fault)
          if (verdict.struck) struck++
          found.push(...verdict.problems.map((what) => `${inWords(fault)}: ${what}`))
        }
        expect(found).toEqual([])
        expect(struck).toBeGreaterThanOrEqual(Math.min(3, cases.length))
      } finally {
        await trial.close()
      }
    },
  )
}

function describeLong(): void {
  test.runIf(isLong && requirement('python3'))(
    'every operation survives every kind of fault at every call',
    async () => {
      const chosen = named('HOLDFAST_OPERATIONS', operations, ({ name }) => name)
      const wanted = named('HOLDFAST_KINDS', kinds, (kind) => kind)
      const progress = new Progress('fault-matrix', sources)
      const isOver = deadline()
      // A sample of everything first, then every kill, then the other kinds: a run that ends early has the most telling.
      const pairs = wanted.flatMap((kind) =>
        chosen.filter(({ kinds }) => kinds?.includes(kind) !== false).map((operation) => ({ kind, operation })),
      )
      const rounds = [sampleSize, Number.POSITIVE_INFINITY].flatMap((limit) =>
        pairs.map((pair) => ({ ...pair, limit })),
      )
      const lane = async (): Promise<void> => {
        const engine = await EngineProcess.open({ threads: false })
        try {
          for (let round = rounds.shift(); round !== undefined && !isOver(); round = rounds.shift())
            await tryAll(round, engine, progress, isOver)
        } finally {
          await engine.close()
        }
      }
      await Promise.all([lane(), lane()])
      writeTable(chosen, progress)
      expect(progress.notes.filter(({ problems }) => (problems?.length ?? 0) > 0)).toEqual([])
    },
    day,
  )
}

/** Those whose names stand in a variable; without it all. */
function named<Thing>(variable: string, all: readonly Thing[], nameOf: (thing: Thing) => string): readonly Thing[] {
  const names = process.env[variable]?.split(';')
  return all.filter((thing) => names === undefined || names.includes(nameOf(thing)))
}

async function tryAll(
  { operation, kind, limit }: { readonly operation: Operation; readonly kind: FaultKind; readonly limit: number },
  engine: EngineProcess,
  progress: Progress,
  isOver: () => boolean,
): Promise<void> {
  const trial = await Trial.open(operation, engine)
  try {
    // The first run of a process makes a few calls more than those after it.
    const calls = Math.max(await trial.count(callsFor(kind)), await trial.count(callsFor(kind)))
    progress.note({ what: `${operation.name}: calls of ${callsFor(kind) ?? 'all'}: ${calls}`, problems: null })
    for (const fault of everyCase(kind, calls, seed).slice(0, limit)) {
      const what = `${operation.name}: ${inWords(fault)}`
      if (isOver()) return
      if (progress.has(what)) continue
      const { struck, problems } = await trial.try(fault)
      progress.note({ what, problems: struck ? problems : null })
    }
  } finally {
    await trial.close()
  }
}

function writeTable(chosen: readonly Operation[], progress: Progress): void {
  const notes = progress.notes
  const rows = chosen.map(({ name, kinds: wanted = kinds }) => {
    const calls = notes
      .filter(({ what }) => what.startsWith(`${name}: calls of all: `))
      .map(({ what }) => Number(/\d+$/.exec(what)?.[0]))
    const cells = kinds.map((kind) => {
      if (!wanted.includes(kind)) return notTried
      const tried = notes.filter(({ what, problems }) => problems !== null && what.startsWith(`${name}: ${kind} at `))
      const survived = tried.filter(({ problems }) => problems?.length === 0)
      return `${survived.length} of ${tried.length}`
    })
    return [`\`${name}\``, String(Math.max(0, ...calls)), ...cells, commitDate()]
  })
  writeRows(
    'faults',
    rows,
    operations.map(({ name }) => `\`${name}\``),
  )
}
