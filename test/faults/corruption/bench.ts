import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../../../src/model/engine.ts'
import { engineAt, plainly } from '../../engine-kit.ts'
import type { Bench } from './subject.ts'
import { during } from './subjects.ts'

const key = 'ab'.repeat(32)
/** A segment holds a MiB: of this file there are two. */
const largeBytes = (1 << 20) + 300_000

/** Type, mode, time and content of every name: all that a restore must not get wrong. */
function sightsOf(top: string): Map<string, string> {
  const found = new Map<string, string>()
  const names = existsSync(top) ? readdirSync(top, { recursive: true, encoding: 'utf8' }) : []
  for (const name of names) {
    const path = join(top, name)
    const status = lstatSync(path, { bigint: true })
    if (status.isDirectory()) found.set(name, 'directory')
    else if (status.isSymbolicLink()) found.set(name, `-> ${readlinkSync(path)}`)
    else {
      const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex')
      found.set(name, `${status.mode} ${status.mtimeNs} ${status.size} ${sha256}`)
    }
  }
  return found
}

/** Type and content of every name. */
function contentsOf(top: string): Map<string, string> {
  return new Map([...sightsOf(top)].map(([name, sight]) => [name, sight.split(' ').at(-1) as string]))
}

/** A small repository with something of everything that can be damaged, and a copy of it to begin from again. */
export class CorruptionBench implements Bench {
  readonly backups: string[] = []
  readonly scheduleIds: string[] = []
  readonly target: string
  readonly plan: string
  readonly root: string
  readonly #top: string
  readonly #checkout: string
  /** Bytes of every file, null for a directory; parents come before what is in them. */
  readonly #sound = new Map<string, Buffer | null>()
  readonly #truth = new Map<string, Map<string, string>>()
  /** Of what lies where a restore went over existing files: contents before it, and after it. */
  readonly #place: string
  #before = new Map<string, string>()
  #after = new Map<string, string>()
  #undoable = ''

  constructor(top: string, checkout: string) {
    this.#top = top
    this.#checkout = checkout
    this.root = join(top, 'repository')
    this.target = join(top, 'target')
    this.plan = join(top, 'plan.json')
    this.#place = join(top, 'place')
    mkdirSync(join(top, 'home'))
    mkdirSync(join(top, 'target'))
  }

  engine(): Engine {
    return engineAt({ root: this.root, home: join(this.#top, 'home'), key, checkout: this.#checkout, patienceMs: 3000 })
  }

  async prepare(): Promise<void> {
    const source = join(this.#top, 'source')
    mkdirSync(join(source, 'sub'), { recursive: true })
    for (const name of ['alpha', 'beta', 'sub/gamma', 'sub/delta'])
      writeFileSync(join(source, name), `the content of ${name} `.repeat(40))
    execFileSync('ln', ['-s', 'alpha', join(source, 'link')])
    await this.#backUp('full')
    writeFileSync(join(source, 'beta'), 'another content '.repeat(40))
    writeFileSync(join(source, 'new'), 'what the older one did not have')
    await this.#backUp('incremental')
    const noise = createHash('shake256', { outputLength: largeBytes }).update('noise').digest()
    writeFileSync(join(source, 'large'), noise)
    await this.#backUp('full')
    rmSync(join(source, 'large'))
    await this.engine().pin({ backup: this.backups[0]!, legalHold: null }, during)
    for (const name of ['nightly', 'weekly']) {
      const added = await this.engine().addSchedule({
        name,
        cron: '0 3 * * *',
        tz: 'Europe/Berlin',
        type: 'full',
        services: [],
        if_missed: 'run-once',
        jitter_seconds: 60,
      })
      this.scheduleIds.push(added.schedule.schedule.id)
    }
    this.#noteDrills()
    const plan = await this.#planned(this.backups[1]!)
    await plan.save(this.plan)
    await plan.drop()
    await this.#restoreOver()
    this.#clear()
    for (const path of this.#paths()) this.#sound.set(path, statSync(path).isFile() ? readFileSync(path) : null)
  }

  /** Everything as it was: a case may have left a run's log, or a catalog that was made anew. */
  begin(): void {
    for (const path of this.#paths()) if (!this.#sound.has(path)) rmSync(path, { recursive: true, force: true })
    for (const [path, bytes] of this.#sound) {
      if (bytes === null) mkdirSync(path, { recursive: true })
      else if (!existsSync(path) || !readFileSync(path).equals(bytes)) writeFileSync(path, bytes)
    }
  }

  #paths(): string[] {
    const names = readdirSync(this.root, { recursive: true, encoding: 'utf8' })
    return [this.plan, ...names.map((name) => join(this.root, name))]
  }

  async restoreAndCompare(source: string | { readonly plan: string }): Promise<string[]> {
    this.#clear()
    const plan = await this.#planned(source)
    const id = plan.backup
    let exitCode: number | null = null
    try {
      exitCode = (await plan.apply(during)).exitCode
    } finally {
      await plan.drop()
    }
    const truth = this.#truth.get(id)
    if (truth === undefined) return this.#wrongSafety(id)
    const now = sightsOf(join(this.target, this.#top, 'source'))
    const found = [...now]
      .filter(([name, sight]) => truth.get(name) !== sight)
      .map(([name, sight]) => `restored ${name} as ${sight}`)
    const missing = [...truth.keys()].filter((name) => !now.has(name))
    if (exitCode === 0 && missing.length > 0) found.push(`ended with 0, and ${missing} are not there`)
    return found
  }

  /** A catalog that was edited by somebody may say that the safety backup is any other: then it is what is restored. */
  #wrongSafety(id: string): string[] {
    if (!id.includes('-safety-')) return [`restored ${id}, which nobody made`]
    return [...contentsOf(join(this.target, this.#place))]
      .filter(([name, content]) => content !== 'directory' && this.#before.get(name) !== content)
      .map(([name]) => `restored another ${name} of ${id}`)
  }

  async undoAndCompare(): Promise<string[]> {
    rmSync(this.#place, { recursive: true, force: true })
    cpSync(`${this.#place}.after`, this.#place, { recursive: true, verbatimSymlinks: true })
    const plan = await this.engine().planUndo({ restore: this.#undoable, workers: 1 }, during)
    let exitCode = 0
    try {
      if (plan !== null) ({ exitCode } = await plan.apply(during))
    } finally {
      await plan?.drop()
    }
    const now = contentsOf(this.#place)
    const found = [...now]
      .filter(([name, content]) => this.#before.get(name) !== content && this.#after.get(name) !== content)
      .map(([name]) => `${name} is neither as before nor as after`)
    const isBack =
      [...this.#before].every(([name, content]) => now.get(name) === content) && now.size === this.#before.size
    if (plan !== null && exitCode === 0 && !isBack) found.push('ended with 0, and not all is as it was')
    return found
  }

  async #restoreOver(): Promise<void> {
    const over = join(this.#place, this.#top, 'source')
    mkdirSync(over, { recursive: true })
    for (const name of ['alpha', 'beta', 'mine']) writeFileSync(join(over, name), `what was here as ${name}`)
    this.#before = contentsOf(this.#place)
    const plan = await this.engine().planRestore(
      {
        source: { kind: 'backup', backup: this.backups[0]!, services: [], paths: [] },
        target: { kind: 'directory', path: this.#place },
        conflict: 'overwrite',
        deleteExtra: true,
        workers: 1,
      },
      during,
    )
    this.#undoable = (await plan.apply(during)).id
    this.#after = contentsOf(this.#place)
    cpSync(this.#place, `${this.#place}.after`, { recursive: true, verbatimSymlinks: true })
  }

  #planned(source: string | { readonly plan: string }) {
    return this.engine().planRestore(
      {
        source:
          typeof source === 'string'
            ? { kind: 'backup', backup: source, services: [], paths: [] }
            : { kind: 'plan', file: source.plan, ttlMs: 365 * 86_400_000 },
        target: { kind: 'directory', path: this.target },
        conflict: 'overwrite',
        workers: 1,
      },
      during,
    )
  }

  async #backUp(type: 'full' | 'incremental'): Promise<void> {
    const source = join(this.#top, 'source')
    const { backup } = await this.engine().create(plainly({ type, paths: [source] }), during)
    this.backups.push(backup.id)
    this.#truth.set(backup.id, sightsOf(source))
  }

  #noteDrills(): void {
    const lines = this.backups.map((id, at) =>
      JSON.stringify({
        v: 1,
        id,
        run: `2026-11-20T02-00-0${at}Z-drill-abcd`,
        at: `2026-11-20T02:00:0${at}.000Z`,
        services: ['paths'],
        ok: true,
        level: 'compared',
        rtoMs: 100,
        restoreMs: 50,
        compared: { entries: 5, bytes: 100, different: 0 },
        check: null,
        limitsMissed: [],
        error: null,
      }),
    )
    writeFileSync(join(this.root, 'drills.ndjson'), `${lines.join('\n')}\n`)
  }

  #clear(): void {
    for (const name of readdirSync(this.target)) rmSync(join(this.target, name), { recursive: true })
  }
}
