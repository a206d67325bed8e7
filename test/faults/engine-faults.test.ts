import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { errorTable } from '../../src/model/errors.ts'
import { backupIds, litterOf, manifestOf, orphanHeaders, rawKey, recoverPython } from '../e2e/stage.ts'
import { differences, makeTree, seeded } from '../e2e/trees.ts'
import { requirement } from '../requirements.ts'
import type { Deed, Outcome } from './child.ts'
import { EngineProcess } from './engine-process.ts'

/**
 * Whatever call of the disk fails, and whenever the process dies: what is visible is whole, the outcome is said, and
 * the next run succeeds. What is visible is judged by code that shares nothing with the engine.
 */

const kinds = ['EIO', 'kill', 'ENOSPC', 'short-write', 'EROFS', 'EMFILE'] as const
type Kind = (typeof kinds)[number]
const isLong = process.env['HOLDFAST_LONG'] === '1'
const sampleSize = 40

let top: string
let source: string
let home: string
/** A repository with one backup in it, to be copied for every fault. */
let base: string
let engine: EngineProcess
let oldIds: string[]
let oldFiles: string[]

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'holdfast-faults-'))
  source = join(top, 'source')
  home = join(top, 'home')
  base = join(top, 'base')
  mkdirSync(home)
  makeTree(source, 30)
  engine = await EngineProcess.open()
  expect(await perform({ deed: 'create', root: base })).toMatchObject({ exitCode: 0 })
  oldIds = backupIds(base)
  oldFiles = filesOf(base, oldIds)
})
afterAll(async () => {
  await engine.close()
  rmSync(top, { recursive: true, force: true })
})

function perform(deed: Pick<Deed, 'deed' | 'root'> & Partial<Deed>) {
  return engine.perform({ home, source, at: 0, kind: 'EIO', ...deed })
}

async function callsOf(deed: Pick<Deed, 'deed'> & Partial<Deed>, from: string | null): Promise<number> {
  const root = join(top, 'counted')
  if (from !== null) cpSync(from, root, { recursive: true })
  const outcome = await perform({ root, target: join(top, 'counted-target'), ...deed })
  rmSync(root, { recursive: true })
  return outcome?.calls ?? 0
}

/** A sample of the calls with a kind each; in a long run every call, killed at and failing in two ways. */
function faultsAt(calls: number, size: number): { at: number; kind: Kind }[] {
  const all = Array.from({ length: calls }, (_, index) => index + 1)
  const next = seeded(calls)
  if (isLong) {
    const another = (): Kind => kinds[2 + Math.floor(next() * (kinds.length - 2))] as Kind
    return all.flatMap((at) => (['kill', 'EIO', another()] as const).map((kind) => ({ at, kind })))
  }
  const chosen = calls <= size ? all : all.filter(() => next() < size / calls)
  return chosen.map((at) => ({ at, kind: kinds[Math.floor(next() * kinds.length)] as Kind }))
}

/** Name, size and time of every file of some backups. */
function filesOf(root: string, ids: readonly string[]): string[] {
  return ids.flatMap((id) =>
    readdirSync(join(root, 'archives', id)).map((name) => {
      const path = join(root, 'archives', id, name)
      const bytes = name === 'manifest.json' ? readFileSync(path, 'utf8') : ''
      return `${id}/${name} ${statSync(path).size} ${bytes}`
    }),
  )
}

/** What is wrong with the backups that can be seen in `root`. */
function tornBackups(root: string): string[] {
  const archives = join(root, 'archives')
  if (!existsSync(archives)) return []
  const found: string[] = []
  for (const id of readdirSync(archives)) {
    const names = readdirSync(join(archives, id)).sort()
    if (!names.includes('manifest.json')) {
      found.push(`${id} has no manifest`)
      continue
    }
    const manifest = manifestOf(root, id)
    const wanted = ['manifest.json', ...manifest.archives.map(({ file }) => file)].sort()
    if (manifest.id !== id) found.push(`${id} says that it is ${manifest.id}`)
    if (names.join() !== wanted.join()) found.push(`${id} holds ${names.join()}`)
    for (const { file, size } of manifest.archives)
      if (statSync(join(archives, id, file)).size !== size) found.push(`${id}/${file} is not ${size} bytes`)
  }
  return found
}

/** What is wrong with how a deed ended. */
function wrongOutcome(outcome: Outcome | null, kind: Kind): string[] {
  if (outcome === null) return kind === 'kill' ? [] : ['the process died']
  const found: string[] = []
  const known = outcome.code === null ? null : Object.entries(errorTable).find(([code]) => code === outcome.code)
  if (known === undefined || outcome.code === 'E_INTERNAL')
    found.push(`ended with ${outcome.code}, which tells an operator nothing: ${outcome.message}`)
  if (outcome.code === 'E_INTERRUPTED') found.push('waited for a lock that nobody holds')
  if (outcome.code !== null && outcome.message === '') found.push('ended with an error without words')
  if (outcome.exitCode === 3 && outcome.warnings.length === 0) found.push('ended with 3 and no warning')
  if (outcome.leaked > 0 && outcome.code === null) found.push(`left ${outcome.leaked} descriptors open`)
  return found
}

test.runIf(requirement('python3'))(
  'a create that meets a fault at any call leaves the whole backup or none, says so, and the next one succeeds',
  async () => {
    const problems: string[] = []
    const visible: { archive: string; about: string; complete: boolean }[] = []
    const calls = await callsOf({ deed: 'create' }, base)
    expect(calls).toBeGreaterThan(200)
    for (const { at, kind } of faultsAt(calls, sampleSize)) {
      const about = `${kind} at ${at} of ${calls}`
      const say = (found: readonly string[]): void => void problems.push(...found.map((one) => `${about}: ${one}`))
      const root = join(top, `create-${at}-${kind}`)
      cpSync(base, root, { recursive: true })
      const outcome = await perform({ deed: 'create', root, at, kind })
      say(wrongOutcome(outcome, kind))

      say(tornBackups(root))
      const made = backupIds(root).filter((id) => !oldIds.includes(id))
      if (filesOf(root, oldIds).join() !== oldFiles.join()) say(['an older backup was changed'])
      if (outcome !== null) {
        const succeeded = outcome.code === null
        if (made.length !== (succeeded ? 1 : 0))
          say([`ended with ${outcome.exitCode} (${outcome.message}) and ${made.length} new backups`])
      }
      const listed = await perform({ deed: 'list', root })
      if (listed?.backups.toSorted().join() !== backupIds(root).join()) say([`list shows ${listed?.backups}`])

      const next = await perform({ deed: 'create', root })
      if (next?.exitCode !== 0)
        say([`the next create ended with ${next?.exitCode}: ${next?.message} ${next?.warnings.join('; ')}`])
      say(tornBackups(root))
      say(litterOf(root).map((name) => `the next create left ${name}`))
      for (const id of backupIds(root).filter((one) => !oldIds.includes(one)))
        visible.push({
          archive: join(root, 'archives', id, 'paths.tar.zst.enc'),
          about,
          complete: !made.includes(id) || outcome?.exitCode === 0,
        })
      if (isLong) say(readBack(visible.splice(0)))
      if (isLong) rmSync(root, { recursive: true })
    }
    problems.push(...readBack(visible))
    expect(problems).toEqual([])
  },
  isLong ? 7_200_000 : 120_000,
)

test('a create that fails at its last step leaves no copy of a header of no archive', async () => {
  const root = join(top, 'create-rename')
  cpSync(base, root, { recursive: true })
  const outcome = await perform({ deed: 'create', root, at: 1, kind: 'EIO', calls: 'rename' })
  expect(outcome?.exitCode).toBe(1)
  expect(backupIds(root)).toEqual(oldIds)
  await perform({ deed: 'create', root })
  expect(orphanHeaders(root)).toEqual([])
})

test('a backup that cannot be made to stay is not there', async () => {
  const root = join(top, 'create-sync')
  cpSync(base, root, { recursive: true })
  const calls = (await perform({ deed: 'create', root, calls: 'sync' }))?.calls ?? 0
  const known = backupIds(root)
  let failures = 0
  for (let at = 1; at <= calls; at++) {
    const outcome = await perform({ deed: 'create', root, at, kind: 'EIO', calls: 'sync' })
    const made = backupIds(root).filter((id) => !known.includes(id))
    expect({ at, made: made.length }).toEqual({ at, made: outcome?.code === null ? 1 : 0 })
    if (outcome?.code !== null) failures++
    known.push(...made)
  }
  expect(failures).toBeGreaterThan(2)
})

/** Restores archives with the recovery script; those that are said to be complete must be the source again. */
function readBack(archives: readonly { archive: string; about: string; complete: boolean }[]): string[] {
  const script = fileURLToPath(new URL('restore_all.py', import.meta.url))
  const { stdout, stderr } = spawnSync('python3', [script, recoverPython, source], {
    input: archives.map(({ archive }) => archive).join('\n'),
    env: { ...process.env, BACKUP_ENCRYPTION_KEY: rawKey },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (stderr !== '') return [stderr]
  // restore_all.py writes it
  const [original, ...read] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { code: number; notes: string; lines: string[] })
  return archives.flatMap(({ about, complete }, index) => {
    const { code, notes, lines } = read[index]!
    // A file whose reading failed in the middle is stored as torn, which the create warned of.
    if (code !== 0 && (complete || code !== 3)) return [`${about}: recover.py ended with ${code}: ${notes}`]
    const lost = original!.lines.filter((line) => !lines.includes(line))
    const isTorn = (line: string): boolean => notes.includes(`torn: ${join(source, line.split(' ')[0]!).slice(1)} `)
    const strange = lines.filter((line) => !original!.lines.includes(line) && !isTorn(line))
    if (complete && lost.length > 0) return [`${about}: said to be complete, and lacks ${lost[0]}`]
    return strange.map((line) => `${about}: holds ${line}`)
  })
}

test('an init that meets a fault at any call is made good by the next one', async () => {
  const problems: string[] = []
  const calls = await callsOf({ deed: 'init' }, null)
  for (const { at, kind } of faultsAt(calls, 60)) {
    const root = join(top, `init-${at}-${kind}`)
    const say = (found: readonly string[]): void =>
      void problems.push(...found.map((one) => `${kind} at ${at} of ${calls}: ${one}`))
    const outcome = await perform({ deed: 'init', root, at, kind })
    say(wrongOutcome(outcome, kind))
    const again = await perform({ deed: 'init', root })
    if (again?.exitCode !== 0) say([`the next init ended with ${again?.exitCode}: ${again?.message}`])
    say(litterOf(root).map((name) => `the next init left ${name}`))
    const names = ['archives', 'keys', 'locks', 'metadata.json', 'recovery', 'runs', 'schedules.json', 'temp']
    if (names.some((name) => !existsSync(join(root, name)))) say([`init made only ${readdirSync(root)}`])
    rmSync(root, { recursive: true })
    rmSync(join(top, 'backup_config.json'), { force: true })
  }
  expect(problems).toEqual([])
}, 1_200_000)

test('a rebuild that meets a fault at any call leaves the old catalog or the new one, and the next one succeeds', async () => {
  const problems: string[] = []
  const before = join(base, 'metadata.json')
  const calls = await callsOf({ deed: 'rebuild' }, base)
  for (const { at, kind } of faultsAt(calls, 100)) {
    const root = join(top, `rebuild-${at}-${kind}`)
    cpSync(base, root, { recursive: true })
    const say = (found: readonly string[]): void =>
      void problems.push(...found.map((one) => `${kind} at ${at} of ${calls}: ${one}`))
    const outcome = await perform({ deed: 'rebuild', root, at, kind })
    say(wrongOutcome(outcome, kind))
    const catalog = JSON.parse(readFileSync(join(root, 'metadata.json'), 'utf8')) as { backups: { id: string }[] }
    const ids = catalog.backups.map(({ id }) => id)
    const missing = outcome?.exitCode === 3 && ids.length === 0 // one it could not read, and said so
    if (ids.join() !== oldIds.join() && !missing) say([`the catalog holds ${ids}`])
    if (filesOf(root, oldIds).join() !== oldFiles.join()) say(['a backup was changed'])
    const again = await perform({ deed: 'rebuild', root })
    if (again?.exitCode !== 0) say([`the next rebuild ended with ${again?.exitCode}: ${again?.message}`])
    const rebuilt = JSON.parse(readFileSync(join(root, 'metadata.json'), 'utf8')) as { backups: unknown }
    const original = JSON.parse(readFileSync(before, 'utf8')) as { backups: unknown }
    if (JSON.stringify(rebuilt.backups) !== JSON.stringify(original.backups))
      say(['what is rebuilt is not the original'])
    say(litterOf(root).map((name) => `the next rebuild left ${name}`))
    rmSync(root, { recursive: true })
  }
  expect(problems).toEqual([])
}, 1_200_000)

test('a restore that meets a fault at any call shows whole files only, and the next one completes it', async () => {
  const problems: string[] = []
  const contentOf = /: (content|size|type|target|added)/
  const calls = await callsOf({ deed: 'restore' }, base)
  for (const { at, kind } of faultsAt(calls, 24)) {
    const root = join(top, `restore-${at}-${kind}`)
    const target = join(top, `target-${at}-${kind}`)
    cpSync(base, root, { recursive: true })
    const say = (found: readonly string[]): void =>
      void problems.push(...found.map((one) => `${kind} at ${at} of ${calls}: ${one}`))
    const outcome = await perform({ deed: 'restore', root, target, at, kind })
    say(wrongOutcome(outcome, kind))
    const copy = join(target, source)
    const after = existsSync(copy) ? differences(source, copy) : ['nothing is there']
    if (kind !== 'kill') say(after.filter((line) => contentOf.test(line)))
    if (outcome?.exitCode === 0 && after.length > 0) say([`ended with 0, and ${after[0]}`])
    const again = await perform({ deed: 'restore', root, target })
    if (again?.exitCode !== 0) say([`the next restore ended with ${again?.exitCode}: ${again?.message}`])
    say(differences(source, copy).filter((line) => kind !== 'kill' || !isTemporary(line)))
    rmSync(root, { recursive: true })
    rmSync(target, { recursive: true })
  }
  expect(problems).toEqual([])
}, 3_600_000)

/** A file that a killed restore left, or a directory it had not given its time back to. */
function isTemporary(difference: string): boolean {
  return /(^|\/)\.hf-[0-9a-z]+: added$/.test(difference)
}

test('a restore after one that was killed leaves no temporary file of that one', async () => {
  const target = join(top, 'target-killed')
  // The first file that is written and not yet renamed.
  await perform({ deed: 'restore', root: base, target, at: 1, kind: 'kill', calls: 'rename' })
  await perform({ deed: 'restore', root: base, target })
  expect(differences(source, join(target, source))).toEqual([])
})
