import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import type { During } from '../../../src/model/during.ts'
import type { Engine } from '../../../src/model/engine.ts'
import { pathFromText } from '../../../src/model/path.ts'
import type { RestoreOptions, RestoreOutcome } from '../../../src/model/planned-restore.ts'
import type { Files } from '../../../src/model/ports.ts'
import { conflictModes } from '../../../src/model/restore.ts'
import { seeded } from '../../e2e/trees.ts'
import { engineAt, plainly } from '../../engine-kit.ts'
import { treeOf } from '../restore/scratch.ts'

/** Restores of random trees over random trees, interrupted or not: undo puts back what was, resume does what was asked. */

const seeds = process.env['HOLDFAST_LONG'] === '1' ? 400 : 3
/** Nothing here is about a disk that forgets. */
const memory = '/dev/shm'
const quiet: During = { signal: new AbortController().signal, listen: () => {} }
const key = '1'.repeat(64)

let top = ''
let home = ''
const engine = (files?: Files): Engine =>
  engineAt({ root: join(top, 'repository'), home, key, ...(files === undefined ? {} : { files }) })

beforeEach(() => {
  top = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'undo-'))
  home = join(top, 'home')
  mkdirSync(home)
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

type Pick = <T>(from: readonly T[]) => T

function growTree(at: string, next: () => number, pick: Pick, depth = 0): void {
  mkdirSync(at, { recursive: true })
  for (const name of ['a', 'a-b', 'b', 'c.txt', 'd', 'e']) {
    const path = join(at, name)
    const roll = next()
    if (roll < 0.2) continue
    if (roll < 0.6) writeFileSync(path, `${name} ${'x'.repeat(Math.floor(next() * 300))}${Math.floor(next() * 3)}`)
    else if (roll < 0.7) symlinkSync(pick(['a', '../b', '/nowhere']), path)
    else if (depth < 2) growTree(path, next, pick, depth + 1)
    else mkdirSync(path)
    if (!lstatSync(path).isSymbolicLink()) {
      if (next() < 0.3) chmodSync(path, pick([0o600, 0o644, 0o755]))
      utimesSync(path, 1_500_000_000, 1_500_000_000 + Math.floor(next() * 5))
    }
  }
  const files = readdirSync(at).filter((name) => lstatSync(join(at, name)).isFile())
  if (files.length > 0 && next() < 0.4) linkSync(join(at, pick(files)), join(at, 'linked'))
}

function change(at: string, next: () => number, pick: Pick, depth = 0): void {
  for (const name of readdirSync(at)) {
    const path = join(at, name)
    const status = lstatSync(path)
    const roll = next()
    if (roll < 0.15) rmSync(path, { recursive: true })
    else if (roll < 0.3 && status.isFile()) writeFileSync(path, `changed ${next()}`)
    else if (roll < 0.35 && !status.isSymbolicLink()) chmodSync(path, 0o700)
    else if (roll < 0.4 && status.isFile()) {
      rmSync(path)
      symlinkSync('elsewhere', path)
    } else if (status.isDirectory()) change(path, next, pick, depth + 1)
  }
  if (next() < 0.5) writeFileSync(join(at, 'new'), 'new')
  if (next() < 0.3) growTree(join(at, 'grown'), next, pick, 2)
}

/** Calls that change something fail from the n-th on, as if the process was no more. */
function dying(disk: Files, at: number): Files {
  const changing = new Set([
    'makeDirectory',
    'makeSymlink',
    'makeHardlink',
    'makeSpecial',
    'rename',
    'removeFile',
    'removeDirectory',
    'removeTree',
    'setMode',
    'setOwner',
    'setTime',
    'write',
    'truncate',
  ])
  let count = 0
  return new Proxy(disk, {
    get(target, name: keyof Files) {
      const call = target[name]
      if (!changing.has(name)) return call
      return (...values: unknown[]) => {
        if (++count >= at) throw Object.assign(new Error(`EIO: ${name}`), { code: 'EIO', syscall: name })
        return (call as (...values: unknown[]) => unknown)(...values)
      }
    },
  })
}

/** All that lies in the home directory, a line each; names made of the time of the restore without that time. */
function seen(): string[] {
  const text = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
  return [...treeOf(pathFromText(home))]
    .map(([path, one]) => `${path} ${JSON.stringify(one, text)}`.replace(/\.restored-\w+/g, '.restored'))
    .sort()
}

/** The same where a restore moved the times of directories that it did not restore: when, nobody asked for. */
function settled(lines: readonly string[], since: bigint): string[] {
  return lines.map((line) =>
    line.includes('{"type":"directory"')
      ? line.replace(/"mtimeNs":"(\d+)"/, (text, time) => (BigInt(time) > since ? '"mtimeNs":"since"' : text))
      : line,
  )
}

/** What two looks at it differ in. */
function differences(wanted: readonly string[], got: readonly string[]): string[] {
  const [a, b] = [new Set(wanted), new Set(got)]
  const lost = wanted.filter((line) => !b.has(line)).map((line) => `- ${line}`)
  return [...lost, ...got.filter((line) => !a.has(line)).map((line) => `+ ${line}`)]
}

async function restore(options: RestoreOptions, files?: Files): Promise<RestoreOutcome> {
  const plan = await engine(files).planRestore(options, quiet)
  return await plan.apply(quiet)
}

async function undo(id: string, files?: Files): Promise<number> {
  const plan = await engine(files).planUndo({ restore: id, workers: 1 }, quiet)
  return plan === null ? 0 : (await plan.apply(quiet)).exitCode
}

async function newest(): Promise<string> {
  const [first] = await engine().undoable()
  expect(first).toBeDefined()
  return (first as { id: string }).id
}

test.each(Array.from({ length: seeds }, (_, seed) => seed + 1))(
  'seed %i: undo and resume end where they should',
  async (seed) => {
    const next = seeded(seed)
    const pick: Pick = (from) => from[Math.floor(next() * from.length)] as (typeof from)[number]
    const source = join(home, 'source')
    growTree(source, next, pick)
    const made = await engine().create(plainly({ type: 'full', paths: [source] }), quiet)
    change(source, next, pick)
    const where = pick(['in-place', 'used', 'new'] as const)
    const target = join(home, where === 'new' ? 'not/there/yet' : 'target')
    if (where === 'used') {
      growTree(join(target, source), next, pick)
      growTree(target, next, pick, 1)
    }
    const options: RestoreOptions = {
      source: { kind: 'backup', backup: made.backup.id, services: [], paths: next() < 0.3 ? ['a', 'd'] : [] },
      target: where === 'in-place' ? { kind: 'in-place' } : { kind: 'directory', path: target },
      conflict: pick(conflictModes),
      deleteExtra: where !== 'new' && next() < 0.5,
      workers: 1,
    }
    const before = seen()
    const begun = BigInt(Date.now()) * 1_000_000n - 20_000_000n // the kernel's clock ticks more slowly

    const outcome = await restore(options)
    const after = seen()
    if (outcome.undo) expect(await undo(outcome.id)).toBe(0)
    expect(differences(before, seen())).toEqual([])
    expect(await undo(outcome.id)).toBe(0)

    // Interrupted, gone on with, taken back; and taken back after an undo that was interrupted too.
    for (const thenResume of [true, false]) {
      let done: RestoreOutcome | null = null
      for (let attempt = 0; attempt < (thenResume ? 3 : 1) && done === null; attempt++)
        done = await restore(options, dying(createDiskFiles(), 20 + Math.floor(next() * 120))).catch(() => null)
      const [last] = await engine().undoable()
      if (thenResume) {
        const resumed = done ?? (await restore(options))
        if (last?.state === 'interrupted') expect(resumed.id).toBe(last.id)
        expect(differences(settled(after, begun), settled(seen(), begun))).toEqual([])
      }
      const id = await newest()
      await undo(id, dying(createDiskFiles(), 20 + Math.floor(next() * 120))).catch(() => null)
      for (const one of await engine().undoable()) if (one.state !== 'undone') await undo(one.id)
      expect(differences(before, seen())).toEqual([])
    }
  },
)
