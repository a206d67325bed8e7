import { expect, test } from 'vitest'
import { commandLine, jsonLines, type Said, type Setting } from './command-line.ts'
import { cleanupPlan, entry } from './pretend-engine.ts'

const methods = (said: Said): string[] => said.calls.map(({ method }) => method)
const [stays, expiring] = cleanupPlan.decisions.map(({ backup }) => backup)
const inJson = {
  delete: [{ id: entry.id, reasons: ['newest #3 > keep 1'] }],
  keep: [
    { id: stays, reasons: ['newest #1 of 1'] },
    { id: expiring, reasons: ['expiring: goes after 2026-11-22T00:00:00.000Z', 'newest #2 > keep 1'] },
  ],
  freedBytes: 3_500_000,
}
const nothingGoes: Setting = {
  engine: { planCleanup: async () => ({ ...cleanupPlan, plan: { ...cleanupPlan.plan, delete: [] }, freedBytes: 0 }) },
}

test('a dry run shows what goes first, what stays, and why; nothing is asked and nothing is done', async () => {
  const said = await commandLine(['cleanup', '--keep', '1', '--dry-run'], { terminal: true })
  expect(said.stdout.split('\n')).toEqual([
    'rules: --keep 1',
    'goes                            because',
    `${entry.id}  newest #3 > keep 1`,
    'stays                           because',
    `${stays}  newest #1 of 1`,
    `${expiring}  expiring: goes after 2026-11-22T00:00:00.000Z...`,
    'to be deleted: 1, frees 3.34 MiB',
    'stay: 2, 1 of them until their grace is over',
    'dry run: nothing was deleted',
    '',
  ])
  expect(methods(said)).toEqual(['planCleanup'])
  expect(said.exitCode).toBe(0)
})

test('a dry run in JSON has the whole plan', async () => {
  const lines = jsonLines(await commandLine(['cleanup', '--dry-run', '--json']))
  expect(lines).toEqual([{ kind: 'result', command: 'cleanup', plan: inJson }])
})

test('without a terminal it needs --yes: exit 2 with the plan, and nothing is deleted', async () => {
  const said = await commandLine(['cleanup'])
  expect(said.exitCode).toBe(2)
  expect(said.stdout).toContain(entry.id)
  expect(said.stderr).toBe('error: deleting must be confirmed\nhint: look at the plan, then add --yes\n')
  expect(methods(said)).toEqual(['planCleanup'])
  const json = await commandLine(['cleanup', '--json'], { terminal: true })
  expect(jsonLines(json)).toEqual([
    { kind: 'plan', plan: inJson },
    expect.objectContaining({ kind: 'error', code: 'E_CONFIRM' }),
  ])
  expect(json.exitCode).toBe(2)
})

test.each([
  ['y\n', ['planCleanup', 'cleanup'], 0],
  ['n\n', ['planCleanup'], 2],
  ['\n', ['planCleanup'], 2],
])('it asks on a terminal: %j', async (input, expected, exitCode) => {
  const said = await commandLine(['cleanup'], { terminal: true, input })
  expect(said.stderr + said.stdout).toContain('delete 1 backup, 3.34 MiB, for good?')
  expect(methods(said)).toEqual(expected)
  expect(said.exitCode).toBe(exitCode)
})

test('deletes what was shown and nothing else, by the rules that were given', async () => {
  const argv = ['cleanup', '--keep', '3', '--monthly', '12', '--days', '0', '--grace', '24', '--yes', '--json']
  const said = await commandLine(argv)
  const rules = { kind: 'by-hand', counts: { keep: 3, days: 0, monthly: 12 }, graceHours: 24 }
  expect(said.calls).toEqual([
    { method: 'planCleanup', options: rules },
    { method: 'cleanup', options: { rules, only: [entry.id] } },
  ])
  expect(jsonLines(said).at(-1)).toEqual({
    kind: 'result',
    command: 'cleanup',
    plan: inJson,
    deleted: [entry.id],
    left: [],
    marked: 1,
    unmarked: 0,
    freedBytes: 3_500_000,
    run: 'run-6',
    exitCode: 0,
  })
})

test('without rules the engine chooses them', async () => {
  const said = await commandLine(['cleanup', '--yes'])
  expect(said.calls[0]!.options).toEqual({ kind: 'by-hand', counts: null, graceHours: 0 })
  expect(said.stdout).toContain('deleted: 1 backup\nfreed: 3.34 MiB\nmarked to go later: 1\n')
})

test('where nothing goes nothing is asked; what is to be marked is marked all the same', async () => {
  const said = await commandLine(['cleanup'], nothingGoes)
  expect(said.exitCode).toBe(0)
  expect(methods(said)).toEqual(['cleanup'])
})

test('what was left is exit 3', async () => {
  const left = [{ id: entry.id, because: 'in use' }]
  const outcome = { exitCode: 3, run: 'run-6', deleted: [], left, marked: 0, unmarked: 0, freedBytes: 0 }
  const said = await commandLine(['cleanup', '--yes'], { engine: { cleanup: async () => outcome } })
  expect(said.exitCode).toBe(3)
  expect(said.stdout).toContain('left as they are: 1, see the warnings')
  const quiet = await commandLine(['cleanup', '--yes', '--quiet'], { engine: { cleanup: async () => outcome } })
  expect(quiet.stdout).toBe('')
  expect((await commandLine(['cleanup', '--yes', '--quiet'])).stdout).toBe(`${entry.id}\n`)
})

test('long lists are cut with a count for people, and whole in JSON', async () => {
  const ids = Array.from({ length: 100 }, (_, at) => `2026-11-20T02-00-00Z-full-a${String(at).padStart(3, '0')}`)
  const decision = { keep: false, held: false, reasons: ['older than 1 day'], expiresAt: 0 }
  const planned = {
    ...cleanupPlan,
    decisions: ids.map((backup) => ({ backup, ...decision })),
    plan: { ...cleanupPlan.plan, delete: ids },
  }
  const setting = { engine: { planCleanup: async () => planned } }
  const said = await commandLine(['cleanup', '--dry-run'], setting)
  expect(said.stdout).toContain('and 60 more; --json lists all\n')
  const [line] = jsonLines(await commandLine(['cleanup', '--dry-run', '--json'], setting))
  expect((line!['plan'] as { delete: unknown[] }).delete).toHaveLength(100)
})

test.each([
  ['--keep', '-1'],
  ['--keep', '1.5'],
  ['--days', 'x'],
  ['--weekly', '999999'],
  ['--grace', '1d'],
])('%s %s is refused before anything is looked at', async (option, value) => {
  const said = await commandLine(['cleanup', option, value])
  expect(said.exitCode).toBe(2)
  expect(said.stderr).toContain(`${option} must be a whole number from 0 to 100000`)
  expect(methods(said)).toEqual([])
})
