import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backupIds, litterOf, Stage } from './stage.ts'
import { differences, makeTree, seeded } from './trees.ts'

const isLong = process.env['HOLDFAST_LONG'] === '1'
const rounds = isLong ? 200 : 4
const restoreRounds = isLong ? 60 : 4
/** Backups a repository may hold before a new one is begun, so that verify --all stays short. */
const backupsPerRepository = 3

let stage: Stage
let source: string

beforeAll(() => {
  stage = new Stage()
  source = stage.at('source')
  makeTree(source, 200)
})
afterAll(() => stage.remove())

interface Round {
  readonly killedAfterMs: number
  readonly outcome: 'not yet begun' | 'before commit' | 'after commit' | 'already over'
  readonly nextMs: number
}

test(`a create killed ${rounds} times at any moment leaves the whole backup or none, and the next one succeeds`, async () => {
  const next = seeded(20261120)
  const seen: Round[] = []
  let usualMs = 0
  for (let round = 0; round < rounds; round++) {
    if (round % backupsPerRepository === 0) {
      rmSync(stage.root, { recursive: true, force: true })
      const begun = performance.now()
      await stage.succeed(['create', source])
      usualMs = performance.now() - begun
    }
    const before = backupIds(stage.root)
    const killedAfterMs = next() * usualMs * 1.1
    const { child, ended } = stage.start(['create', source])
    await wait(killedAfterMs)
    child.kill('SIGKILL')
    const { signal } = await ended

    // What is visible is whole, whoever reads it.
    const after = backupIds(stage.root)
    expect(after.filter((id) => before.includes(id))).toEqual(before)
    const listed = await stage.json(['list'])
    expect(listed.code).toBe(0)
    expect((listed.last['backups'] as { id: string }[]).map(({ id }) => id).sort()).toEqual(after)
    const verified = await stage.run(['verify', '--all'])
    expect(verified).toMatchObject({ code: 0, stderr: '' })
    expect(verified.stdout.trim().split('\n')).toHaveLength(after.length)

    const hadBegun = readdirSync(join(stage.root, 'temp')).length > 0
    const begun = performance.now()
    const created = await stage.run(['create', source])
    const nextMs = performance.now() - begun
    expect(created).toMatchObject({ code: 0, stderr: '' })
    expect(backupIds(stage.root)).toHaveLength(after.length + 1)
    expect(litterOf(stage.root)).toEqual([])
    const outcome =
      signal === null
        ? 'already over'
        : after.length > before.length
          ? 'after commit'
          : hadBegun
            ? 'before commit'
            : 'not yet begun'
    seen.push({ killedAfterMs, outcome, nextMs })
  }
  const { last } = await stage.json(['list'])
  expect(last['problems']).toEqual([])
  expect(await stage.run(['restore', 'latest', '--target', stage.at('proof')])).toMatchObject({ code: 0 })
  expect(differences(source, stage.at('proof', source))).toEqual([])
  if (isLong) writeTable(seen)
}, 1_200_000)

function writeTable(seen: readonly Round[]): void {
  const outcomes = ['not yet begun', 'before commit', 'after commit', 'already over'] as const
  const line = (name: string, some: readonly Round[]): string => {
    const span = (pick: (round: Round) => number): string =>
      some.length === 0
        ? '–'
        : `${Math.round(Math.min(...some.map(pick)))} to ${Math.round(Math.max(...some.map(pick)))}`
    return `| ${name} | ${some.length} | ${span((round) => round.killedAfterMs)} | ${span((round) => round.nextMs)} |`
  }
  const table = [
    '# Killed at any moment',
    '',
    `\`create\` of some 210 entries and 10 MB was started ${seen.length} times and killed with SIGKILL after a random time. After each: \`list\` showed whole backups only, \`verify --all\` found nothing wrong, and the next \`create\` succeeded and left nothing in \`temp/\`. Written by \`HOLDFAST_LONG=1 vitest run test/e2e/kill.test.ts\`.`,
    '',
    '| killed | times | after ms | the next create took ms |',
    '|---|---|---|---|',
    ...outcomes.map((outcome) =>
      line(
        outcome,
        seen.filter((round) => round.outcome === outcome),
      ),
    ),
    line('all', seen),
    '',
  ].join('\n')
  const directory = fileURLToPath(new URL('../../docs/tables', import.meta.url))
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'kill.md'), table)
  console.log(table)
}

test(`a restore killed ${restoreRounds} times at any moment shows whole files only, and is completed by the next one`, async () => {
  rmSync(stage.root, { recursive: true, force: true })
  await stage.succeed(['create', source])
  const begun = performance.now()
  await stage.succeed(['restore', 'latest', '--target', stage.at('first')])
  const usualMs = performance.now() - begun
  const next = seeded(7)
  const contentOf = /: (content|size|type|target) /
  for (let round = 0; round < restoreRounds; round++) {
    const target = stage.at('target')
    rmSync(target, { recursive: true, force: true })
    const { child, ended } = stage.start(['restore', 'latest', '--target', target])
    await wait((0.3 + 0.8 * next()) * usualMs)
    child.kill('SIGKILL')
    await ended
    const copy = join(target, source)
    const torn = existing(copy) ? differences(source, copy).filter((line) => contentOf.test(line)) : []
    expect(torn).toEqual([])
    expect(await stage.run(['restore', 'latest', '--target', target, '--on-conflict', 'overwrite'])).toMatchObject({
      code: 0,
    })
    expect(differences(source, copy)).toEqual([])
    await stage.succeed(['create', source])
    expect(litterOf(stage.root)).toEqual([])
  }
}, 600_000)

function existing(path: string): boolean {
  try {
    readdirSync(path)
    return true
  } catch {
    return false
  }
}
