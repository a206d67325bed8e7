import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DrillCard } from '../../src/model/drill.ts'
import { type JsonLine, litterOf, nobody, Stage } from './stage.ts'
import { makeTree, ownTree } from './trees.ts'

let stage: Stage
let source: string

beforeEach(() => {
  stage = new Stage()
  source = stage.at('source')
  makeTree(source, 60, 1 << 20)
  linkSync(
    join(source, readdirSync(source).find((name) => statSync(join(source, name)).isFile()) ?? ''),
    stage.at('source', 'another name'),
  )
  symlinkSync('another name', stage.at('source', 'symbolic'))
})
afterEach(() => stage.remove())

const cardOf = (last: JsonLine): DrillCard => last['drill'] as DrillCard
const ledger = (): Record<string, unknown>[] =>
  readFileSync(join(stage.root, 'drills.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** Processes whose command line holds a text. */
function running(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
    } catch {
      return false
    }
  })
}

test('a drill passes, is timed, noted, shown by list and status, and leaves nothing', async () => {
  await stage.succeed(['create', source])
  const before = await stage.json(['status'])
  expect((before.last['status'] as { lastProven: unknown }).lastProven).toBeNull()
  const { code, last } = await stage.json([
    'drill',
    '--check',
    'test -d "$HOLDFAST_DRILL_DIR" && echo "of $HOLDFAST_DRILL_BACKUP"',
  ])
  const card = cardOf(last)
  expect({ code, ...card }).toMatchObject({
    code: 0,
    ok: true,
    restored: { ok: true, damaged: 0 },
    compared: { ok: true, different: 0, differences: [] },
    check: { ok: true, exitCode: 0, timedOut: false, output: [`of ${card.backup}`] },
    limits: [],
    notes: [],
    kept: null,
  })
  expect(card.rtoMs).toBeGreaterThanOrEqual(card.restored.durationMs)
  expect(card.compared.entries).toBeGreaterThan(60)
  const proof = { at: expect.any(String), ok: true, rtoMs: card.rtoMs, level: 'checked' }
  expect(ledger()).toMatchObject([{ id: card.backup, ...proof, services: ['paths'] }])
  const listed = await stage.json(['list'])
  expect((listed.last['backups'] as { drilled: unknown }[]).map(({ drilled }) => drilled)).toEqual([proof])
  const { lastProven, services } = (await stage.json(['status'])).last['status'] as Record<string, unknown>
  expect(lastProven).toEqual({ id: card.backup, ...proof })
  expect(services).toMatchObject([{ name: 'paths', lastProven: { id: card.backup, ...proof } }])
  expect(await stage.succeed(['status'])).toContain(`last proven restorable: ${card.backup}, checked`)
  expect(litterOf(stage.root)).toEqual([])
  expect(readdirSync(stage.at('tmp'))).toEqual([])
})

test('a verification at level restore is no drill', async () => {
  await stage.succeed(['create', source])
  await stage.succeed(['verify', 'latest', '--level', 'restore'])
  const { last } = await stage.json(['status'])
  expect((last['status'] as { lastProven: unknown }).lastProven).toBeNull()
})

test('a check that says no fails the drill, which status tells until one passes', async () => {
  await stage.succeed(['create', source])
  const { code, last } = await stage.json(['drill', '--check', 'echo looked; echo badly >&2; exit 7'])
  expect(code).toBe(1)
  expect(cardOf(last)).toMatchObject({ ok: false, compared: { ok: true }, check: { ok: false, exitCode: 7 } })
  expect(cardOf(last).check?.output.toSorted()).toEqual(['badly', 'looked'])
  const alerts = async () =>
    ((await stage.json(['status'])).last['status'] as { alerts: { kind: string; subject: string }[] }).alerts
  expect(await alerts()).toEqual([
    { kind: 'drill-failed', subject: 'paths', message: expect.stringContaining('its check said no') },
  ])
  expect(await stage.run(['drill'])).toMatchObject({ code: 0 })
  expect(await alerts()).toEqual([])
})

test('a check that takes too long is ended with every process it started', async () => {
  await stage.succeed(['create', source])
  const mark = `3600.${process.pid}`
  const check = `sleep ${mark} & sleep ${mark}`
  const { code, last } = await stage.json(['drill', '--check', check, '--timeout', '1s'])
  expect(code).toBe(1)
  expect(cardOf(last).check).toMatchObject({ ok: false, timedOut: true, exitCode: null })
  expect(running(`sleep\0${mark}`)).toEqual([])
  expect(litterOf(stage.root)).toEqual([])
})

test('what a check leaves in the background is ended with it', async () => {
  await stage.succeed(['create', source])
  const mark = `3601.${process.pid}`
  const { code } = await stage.json(['drill', '--check', `sleep ${mark} & true`])
  expect(code).toBe(0)
  expect(running(`sleep\0${mark}`)).toEqual([])
})

test('a check that is interrupted ends with exit 130, notes nothing and leaves nothing', async () => {
  await stage.succeed(['create', source])
  const mark = `3602.${process.pid}`
  const { child, ended } = stage.start(['drill', '--check', `touch ${stage.at('begun')}; sleep ${mark}`])
  await expect.poll(() => existsSync(stage.at('begun')), { timeout: 20_000 }).toBe(true)
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ code: 130 })
  expect(running(`sleep\0${mark}`)).toEqual([])
  expect(existsSync(join(stage.root, 'drills.ndjson'))).toBe(false)
  expect(litterOf(stage.root)).toEqual([])
})

test('no key of ours is in the environment of a check', async () => {
  const config = { encryption: { key_management: { environment_variable: 'MY_KEY' } } }
  writeFileSync(stage.at('backup_config.json'), JSON.stringify(config))
  const env = { MY_KEY: 'cd'.repeat(32), BACKUP_ENCRYPTION_KEY: 'ef'.repeat(32), HARMLESS: 'seen' }
  const created = await stage.run(['create', source], { env })
  expect(created.code, created.stderr).toBe(0)
  const { last } = await stage.json(['drill', '--check', 'env'], { env })
  const output = cardOf(last).check?.output.join('\n') ?? ''
  expect(cardOf(last).check?.ok).toBe(true)
  expect(readFileSync(join(stage.root, 'drills.ndjson'), 'utf8')).not.toContain('cdcd')
  expect(output).not.toMatch(/cdcd|efef|MY_KEY|BACKUP_ENCRYPTION_KEY/)
})

test('--keep leaves what was restored and says where; the next run does not take it away', async () => {
  await stage.succeed(['create', source])
  const scratch = stage.makeDirectory('scratch')
  const { code, last } = await stage.json(['drill', '--keep', '--scratch', scratch])
  const { kept } = cardOf(last)
  expect(code).toBe(0)
  expect(kept).toMatch(/scratch\/holdfast-.*-drill-\w+\/tree$/)
  await stage.succeed(['create', source])
  expect(existsSync(join(kept ?? '', source, 'symbolic'))).toBe(true)
  expect(statSync(join(kept ?? '', '..')).mode & 0o777).toBe(0o700)
})

test.each([
  ['in the repository', () => []],
  ['in another place', () => ['--scratch', stage.makeDirectory('scratch')]],
])('a drill killed %s is swept by the next run', async (_, place) => {
  await stage.succeed(['create', source])
  const args = place()
  const { child, ended } = stage.start(['drill', ...args, '--check', `touch ${stage.at('begun')}; sleep 2`])
  await expect.poll(() => existsSync(stage.at('begun')), { timeout: 20_000 }).toBe(true)
  child.kill('SIGKILL')
  await ended
  expect(readdirSync(join(stage.root, 'temp'))).not.toEqual([])
  await stage.succeed(['create', source])
  expect(litterOf(stage.root)).toEqual([])
  if (args.length > 0) expect(readdirSync(stage.at('scratch'))).toEqual([])
  expect(existsSync(join(stage.root, 'drills.ndjson'))).toBe(false)
  const { last } = await stage.json(['status'])
  const { runs } = last['status'] as { runs: { command: string; outcome: string }[] }
  expect(runs).toContainEqual(expect.objectContaining({ command: 'drill', outcome: 'died' }))
})

test('a place that is too small is refused before the first byte, and so is one in the repository', async () => {
  await stage.succeed(['create', source])
  const inside = await stage.json(['drill', '--scratch', stage.at('repository', 'recovery')])
  expect(inside).toMatchObject({ code: 2, last: { code: 'E_TARGET' } })
  expect(await stage.json(['drill', '--scratch', stage.at('nowhere')])).toMatchObject({
    code: 2,
    last: { code: 'E_TARGET' },
  })
  expect(readdirSync(stage.at('repository', 'recovery')).filter((name) => name.startsWith('holdfast'))).toEqual([])
})

test.skipIf(process.getuid?.() !== 0)('a tmpfs that is too small is refused before the first byte', async () => {
  await stage.succeed(['create', source])
  const scratch = stage.makeDirectory('scratch')
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', scratch])
  try {
    expect(await stage.json(['drill', '--scratch', scratch])).toMatchObject({ code: 1, last: { code: 'E_NO_SPACE' } })
    expect(readdirSync(scratch)).toEqual([])
    expect(existsSync(join(stage.root, 'drills.ndjson'))).toBe(false)
  } finally {
    execFileSync('umount', [scratch])
  }
})

test('a damaged archive fails the drill with exit 4, and that is noted', async () => {
  await stage.succeed(['create', source])
  const [id] = readdirSync(join(stage.root, 'archives'))
  const archive = join(stage.root, 'archives', id ?? '', 'paths.tar.zst.enc')
  const bytes = readFileSync(archive)
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
  writeFileSync(archive, bytes)
  expect(await stage.run(['drill'])).toMatchObject({ code: 4 })
  expect(ledger()).toMatchObject([{ id, ok: false }])
})

test('limits that are configured and missed are exit 3, and the drill has passed', async () => {
  const services = { mine: { type: 'files', include_paths: [source], rto_minutes: 0.0001, rpo_hours: 24 } }
  writeFileSync(stage.at('backup_config.json'), JSON.stringify({ services }))
  await stage.succeed(['create'])
  const { code, last } = await stage.json(['drill', '--services', 'mine'])
  expect({ code, ...cardOf(last) }).toMatchObject({
    code: 3,
    ok: true,
    limits: [
      { service: 'mine', kind: 'rto', allowedMs: 6, met: false },
      { service: 'mine', kind: 'rpo-age', allowedMs: 86_400_000, met: true },
    ],
  })
  expect(ledger()).toMatchObject([{ ok: true, limitsMissed: ['mine rto'] }])
})

test.skipIf(process.getuid?.() !== 0)('drills as a user other than root: what is not theirs is a note', async () => {
  const theirs = new Stage({ asNobody: true })
  try {
    const tree = theirs.at('source')
    mkdirSync(tree)
    writeFileSync(join(tree, 'own'), 'own')
    ownTree(tree, nobody)
    await theirs.succeed(['create', tree])
    expect(await theirs.json(['drill'])).toMatchObject({ code: 0, last: { drill: { ok: true, notes: [] } } })
    writeFileSync(join(tree, 'foreign'), 'of root')
    await theirs.succeed(['create', tree])
    const { code, last } = await theirs.json(['drill'])
    expect({ code, ...cardOf(last) }).toMatchObject({
      code: 3,
      ok: true,
      compared: { ok: true },
      notes: [expect.stringContaining('ownership')],
    })
  } finally {
    theirs.remove()
  }
})

test('an incremental backup of two services is drilled as a whole, or one service of it', async () => {
  const other = mkdtempSync(join(tmpdir(), 'holdfast-drill-'))
  try {
    const services = {
      one: { type: 'files', include_paths: [source] },
      two: { type: 'files', include_paths: [source, other] },
    }
    writeFileSync(stage.at('backup_config.json'), JSON.stringify({ services }))
    await stage.succeed(['create'])
    writeFileSync(join(other, 'new'), 'new')
    await stage.succeed(['create', '--type', 'incremental'])
    const all = await stage.json(['drill'])
    expect(cardOf(all.last)).toMatchObject({ ok: true, services: ['one', 'two'], compared: { different: 0 } })
    expect(await stage.json(['drill', 'latest', '--services', 'two'])).toMatchObject({
      code: 0,
      last: { drill: { ok: true, services: ['two'] } },
    })
    expect(await stage.json(['drill', '--services', 'none'])).toMatchObject({ code: 2 })
  } finally {
    rmSync(other, { recursive: true, force: true })
  }
})
