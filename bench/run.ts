import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Bench } from './bench.ts'
import { findProgram } from './find-program.ts'
import { describeMachine, NoRoom } from './machine.ts'
import { parseResults, type Results } from './results.ts'
import { renderTable, replaceTable } from './table.ts'
import { findTools } from './tools/registry.ts'
import type { Workload } from './workload.ts'
import { workloads } from './workloads/registry.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const checkout = fileURLToPath(new URL('..', import.meta.url))
const work = join(here, 'work')
const ownHoldfast = join(checkout, 'bin', 'holdfast')
/** Over the two seconds before a backup in which a changed file's times prove nothing. */
const settleMs = 3000
const page = join(checkout, 'docs', 'performance.md')

const help = `node bench/run.ts [WORKLOAD…] [options]        runs the workloads; all of them where none is named
node bench/run.ts --table FILE…                puts the tables of these results into docs/performance.md

${workloads.map((workload) => `  ${workload.name.padEnd(12)} ${workload.about}`).join('\n')}

  --rounds N       measured rounds after the warm-up (3)
  --tree DIR       back up this tree in the workload mixed; repeated: the versions of the workload versions, in their
                   order; only read
  --size BYTES     bytes of generated data in the workloads one-file and large; 2e9 is understood
  --files N        files in the workloads many, resume and console
  --holdfast FILE  the Holdfast to run (bin/holdfast of this checkout)
  --tools A,B      only these
  --skip A,B       leave out these steps, as the results call them, and what builds on them
  --keep           leave bench/work as it is: repositories, and trees to be used again
  --keep-trees     leave only the trees
`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      tree: { type: 'string', multiple: true, default: [] },
      size: { type: 'string' },
      files: { type: 'string' },
      skip: { type: 'string' },
      holdfast: { type: 'string', default: ownHoldfast },
      tools: { type: 'string' },
      keep: { type: 'boolean', default: false },
      'keep-trees': { type: 'boolean', default: false },
      table: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return print(help)
  if (values.table) return putTables(positionals)
  for (const program of ['python3', 'sync', 'diff', 'cp'])
    if (findProgram(program) === null) throw new Error(`the bench needs ${program}; see bench/README.md`)

  const chosen = choose(positionals)
  const found = findTools(values.holdfast)
  const named = values.tools?.split(',')
  const tools = found.tools.filter((tool) => named === undefined || named.includes(tool.name))
  const skip = stepsOf(chosen, values.skip?.split(',') ?? [])
  for (const tool of found.missing) tell(`without ${tool.name}: install ${tool.install}`)
  const notes = [
    ...(values.holdfast === ownHoldfast ? [] : [`The Holdfast measured was ${values.holdfast}.`]),
    ...(skip.length === 0 ? [] : [`Left out: ${skip.join(', ')}.`]),
  ]

  takeWork()
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  let failed = false
  try {
    for (const workload of chosen) {
      const bench = new Bench({
        work,
        rounds: atLeastOne('--rounds', values.rounds),
        trees: values.tree,
        sizeBytes: values.size === undefined ? null : atLeastOne('--size', values.size),
        files: values.files === undefined ? null : atLeastOne('--files', values.files),
        skip,
        settleMs,
        tools,
        signal: stop.signal,
        tell,
      })
      bench.notes.push(...notes)
      failed = !(await report(workload, bench, found.missing)) || failed
      if (!values.keep) rmSync(join(work, 'places'), { recursive: true, force: true })
    }
  } finally {
    leaveWork(values.keep ? 'all' : values['keep-trees'] ? 'trees' : 'nothing')
  }
  return failed ? 1 : 0
}

/** Two benches would remove each other's files, and measure each other. @throws Error where another one lives */
function takeWork(): void {
  const mark = join(work, 'running')
  const other = Number(existsSync(mark) && readFileSync(mark, 'utf8'))
  if (other > 0 && existsSync(`/proc/${other}`)) throw new Error(`another bench is running, process ${other}`)
  mkdirSync(work, { recursive: true })
  writeFileSync(mark, String(process.pid))
}

/** Runs, prints and keeps. False where something failed, or there was no room for it: the others can still run. */
async function report(workload: Workload, bench: Bench, missing: Results['missing']): Promise<boolean> {
  try {
    const results = await runWorkload(workload, bench, missing)
    const path = keep(results)
    process.stdout.write(`\n# ${workload.name}\n\n${renderTable(results, workload.rows)}\n\n${path}\n`)
    return results.failures.length === 0 && results.checks.every((check) => check.ok)
  } catch (error) {
    if (!(error instanceof NoRoom)) throw error
    tell(`${workload.name}: refused: ${error.message}`)
    return false
  }
}

function leaveWork(what: 'all' | 'trees' | 'nothing'): void {
  const gone = {
    all: ['running'],
    trees: readdirSync(work).filter((name) => name !== 'trees'),
    nothing: [''],
  }
  for (const name of gone[what]) rmSync(join(work, name), { recursive: true, force: true })
}

async function runWorkload(workload: Workload, bench: Bench, missing: Results['missing']): Promise<Results> {
  const at = new Date().toISOString()
  const machine = describeMachine(work)
  const floor = await bench.floor()
  tell(`\n${workload.name}: ${workload.about}`)
  const { what, entries, bytes } = await workload.run(bench)
  return {
    v: 1,
    workload: workload.name,
    at,
    machine,
    rounds: bench.options.rounds,
    tree: { what, entries, bytes },
    tools: bench.used().map(({ name, version, encrypted, how }) => ({ name, version, encrypted, how })),
    missing: [...missing],
    notes: bench.notes,
    figures: bench.figures,
    floor,
    measurements: bench.measurements,
    sizes: bench.sizes,
    checks: bench.checks,
    failures: bench.failures,
  }
}

/** Writes the results file; gives its path. */
function keep(results: Results): string {
  const stamp = results.at.slice(0, 16).replace(':', '')
  const path = join(here, 'results', `${stamp}-${results.workload}.json`)
  mkdirSync(join(here, 'results'), { recursive: true })
  // a machine's directories are nobody's business, and results are shared
  writeFileSync(`${path}.tmp`, `${JSON.stringify(results, null, 1).replaceAll(checkout, '')}\n`)
  renameSync(`${path}.tmp`, path)
  return path
}

function putTables(paths: readonly string[]): number {
  if (paths.length === 0) throw new Error('--table needs the results files')
  for (const path of paths) {
    const results = parseResults(readFileSync(path, 'utf8'))
    const [workload] = choose([results.workload])
    const table = renderTable(results, workload!.rows)
    writeFileSync(page, replaceTable(readFileSync(page, 'utf8'), results.workload, table))
    print(`${table}\n`)
  }
  return 0
}

function choose(names: readonly string[]): readonly Workload[] {
  const known = workloads.map((workload) => workload.name)
  for (const name of names)
    if (!known.includes(name)) throw new Error(`there is no workload '${name}'; there are: ${known.join(', ')}`)
  return names.length === 0 ? workloads : workloads.filter((workload) => names.includes(workload.name))
}

/** @throws Error where a name is no step of the chosen workloads */
function stepsOf(chosen: readonly Workload[], names: readonly string[]): readonly string[] {
  const steps = new Set(
    chosen.flatMap(({ rows }) => rows.map(({ quantity }) => ('step' in quantity ? quantity.step : undefined))),
  )
  steps.delete(undefined)
  for (const name of names)
    if (!steps.has(name)) throw new Error(`there is no step '${name}'; there are: ${[...steps].join(', ')}`)
  return names
}

function atLeastOne(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`${option} must be a whole number of at least 1, not '${text}'`)
  return value
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  const interrupted = error instanceof Error && error.name === 'AbortError'
  tell(interrupted ? 'interrupted' : `bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = interrupted ? 130 : 1
}
