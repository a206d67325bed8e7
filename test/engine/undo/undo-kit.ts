import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import type { During } from '../../../src/model/during.ts'
import type { Engine } from '../../../src/model/engine.ts'
import { BackupError } from '../../../src/model/errors.ts'
import { pathFromText } from '../../../src/model/path.ts'
import type { RestoreOptions, RestoreOutcome } from '../../../src/model/planned-restore.ts'
import type { Files } from '../../../src/model/ports.ts'
import { type EngineSettings, engineAt } from '../../engine-kit.ts'
import { treeOf } from '../restore/scratch.ts'

/** Nothing here is about a disk that forgets. */
const memory = '/dev/shm'
const key = '1'.repeat(64)
export const quiet: During = { signal: new AbortController().signal, listen: () => {} }

let top = ''

/** A repository and a home directory of its own for every test of a file. */
export function useHome(): void {
  beforeEach(() => {
    top = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'undo-'))
    mkdirSync(home())
  })
  afterEach(() => rmSync(top, { recursive: true, force: true }))
}

export const home = (): string => join(top, 'home')
export const repository = (): string => join(top, 'repository')

export const engine = (settings: Partial<EngineSettings> = {}): Engine =>
  engineAt({ root: repository(), home: home(), key, ...settings })

const changing: ReadonlySet<string> = new Set<keyof Files>([
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

const dead = new WeakSet<Files>()

/** Calls that change something fail from the n-th of `counted` on, as if the process was no more. */
export function dying(disk: Files, at: number, counted = changing): Files {
  let count = 0
  const files: Files = new Proxy(disk, {
    get(target, name: keyof Files) {
      const call = target[name]
      if (!changing.has(name)) return call
      return (...values: unknown[]) => {
        if (counted.has(name)) count++
        if (count < at) return (call as (...values: unknown[]) => unknown)(...values)
        dead.add(files)
        throw new BackupError('E_INTERRUPTED', `the process is no more: ${name}`) // an error of the disk could be lived with
      }
    },
  })
  return files
}

/** All that lies in the home directory, a line each; names made of the time of the restore without that time. */
export function seen(): string[] {
  const text = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
  return [...treeOf(pathFromText(home()))]
    .map(([path, one]) => `${path} ${JSON.stringify(one, text)}`.replace(/\.restored-\w+/g, '.restored'))
    .sort()
}

/** What two looks at it differ in. */
export function differences(wanted: readonly string[], got: readonly string[]): string[] {
  const [a, b] = [new Set(wanted), new Set(got)]
  const lost = wanted.filter((line) => !b.has(line)).map((line) => `- ${line}`)
  return [...lost, ...got.filter((line) => !a.has(line)).map((line) => `+ ${line}`)]
}

export async function restore(options: RestoreOptions, files?: Files): Promise<RestoreOutcome> {
  const plan = await engine(files === undefined ? {} : { files }).planRestore(options, quiet)
  const outcome = await plan.apply(quiet)
  if (files !== undefined && dead.has(files)) throw new Error('it died, and said that it had ended')
  return outcome
}

export async function undo(id: string, files?: Files): Promise<number> {
  const plan = await engine(files === undefined ? {} : { files }).planUndo({ restore: id, workers: 1 }, quiet)
  return plan === null ? 0 : (await plan.apply(quiet)).exitCode
}

export async function newest(): Promise<string> {
  const [first] = await engine().undoable()
  expect(first).toBeDefined()
  return (first as { id: string }).id
}
