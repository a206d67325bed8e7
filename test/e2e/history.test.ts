import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import type { During } from '../../src/model/during.ts'
import type { Engine } from '../../src/model/engine.ts'
import { pathFromText } from '../../src/model/path.ts'
import { engineAt, plainly } from '../engine-kit.ts'
import { compareTrees, type Described, describeTree } from '../oracles/describe-tree.ts'
import { seeded } from './trees.ts'

/**
 * Random histories: a tree is edited and backed up again and again, full, incremental and differential in any order,
 * some of it consolidated, some deleted again; every backup that is left restores to exactly what the tree was when it was made.
 */

const isLong = process.env['HOLDFAST_LONG'] === '1'
const seeds = isLong ? 500 : 2
const firstSeed = Number(process.env['HOLDFAST_SEED'] ?? 1)

/** What the histories were made of, for the table. */
const counts = {
  edits: 0,
  full: 0,
  incremental: 0,
  differential: 0,
  consolidated: 0,
  deleted: 0,
  'deletions refused': 0,
  'restored and compared': 0,
}
let wholeHistories = 0

const disk = createDiskFiles()
const key = 'ab'.repeat(32)

class History {
  readonly home = mkdtempSync(join(tmpdir(), 'holdfast-history-'))
  readonly source = join(this.home, 'source')
  readonly #next: () => number
  readonly #made: { id: string; tree: Map<string, Described> }[] = []
  /** The clock runs ahead of the disk's times, so that these are believed; in every third history it does not. */
  #aheadMs = 0
  readonly #engine: Engine
  readonly #told: string[] = []
  readonly #during: During = {
    signal: AbortSignal.timeout(290_000),
    listen: (event) => {
      if (event.kind === 'warning') this.#told.push(`${event.path ?? ''}: ${event.message}`)
    },
  }
  readonly #believesTimes: boolean
  #names = 0

  constructor(seed: number) {
    this.#next = seeded(seed)
    this.#believesTimes = seed % 3 !== 0
    const clock = { ...systemClock, now: () => systemClock.now() + this.#aheadMs }
    this.#engine = engineAt({ root: join(this.home, 'backup'), home: this.home, key, clock })
    mkdirSync(this.source)
    const files = 5 + this.#upTo(seed % 10 === 0 ? 700 : 60)
    for (let at = 0; at < files; at++) this.#write(this.#newPath())
    if (seed % 5 === 0) writeFileSync(join(this.source, 'large'), this.#bytes(9 << 20))
  }

  async run(): Promise<void> {
    await this.#engine.init({ passphrase: null })
    const steps = 4 + this.#upTo(6)
    for (let step = 0; step < steps; step++) {
      if (step > 0) await this.#edit()
      await this.#backUp()
      if (this.#upTo(4) === 0) await this.#consolidate()
      if (this.#upTo(4) === 0) await this.#deleteOne()
    }
    for (const { id, tree } of this.#made) await this.#check(id, tree)
    const all = await this.#engine.verify({ backups: null, level: 'full', workers: 1 }, this.#during)
    expect(all.reports.flatMap(({ problems }) => problems)).toEqual([])
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true })
  }

  async #backUp(): Promise<void> {
    this.#aheadMs += this.#believesTimes ? 3_600_000 : 0
    const type = this.#pick(['incremental', 'incremental', 'incremental', 'differential', 'full'] as const)
    const paranoid = this.#upTo(5) === 0
    const options = plainly({ type, paths: [this.source], paranoid, acceptEmpty: true })
    const outcome = await this.#engine.create(options, this.#during)
    expect(outcome.exitCode).toBe(0)
    counts[outcome.backup.type as 'full' | 'incremental' | 'differential']++ // those are asked for
    this.#made.push({ id: outcome.backup.id, tree: describeTree(disk, pathFromText(this.source)) })
    // The kernel stamps in ticks of some milliseconds: an edit within the same one would not show.
    if (this.#believesTimes) await pause(12)
  }

  /** Any backup, once more, depending on nothing; the source may be what it likes by now. */
  async #consolidate(): Promise<void> {
    const { id, tree } = this.#pick(this.#made)
    const outcome = await this.#engine.consolidate({ backup: id }, this.#during)
    if (outcome === null) return
    expect(outcome.backup).toMatchObject({ type: 'full', deps: [] })
    counts.consolidated++
    this.#made.push({ id: outcome.backup.id, tree })
    const verified = await this.#engine.verify(
      { backups: [outcome.backup.id], level: 'full', workers: 1 },
      this.#during,
    )
    expect(verified.reports.flatMap(({ problems }) => problems)).toEqual([])
  }

  /** What another one needs stays, whatever is asked. */
  async #deleteOne(): Promise<void> {
    const chosen = this.#pick(this.#made)
    const { backups } = await this.#engine.list({ type: null, services: [], days: null })
    if (backups.some(({ deps }) => deps.includes(chosen.id))) {
      await expect(this.#engine.planDelete(chosen.id)).rejects.toMatchObject({ code: 'E_NEEDED' })
      await expect(this.#engine.delete(chosen.id, this.#during)).rejects.toMatchObject({ code: 'E_NEEDED' })
      counts['deletions refused']++
      return
    }
    counts.deleted++
    await this.#engine.delete(chosen.id, this.#during)
    this.#made.splice(this.#made.indexOf(chosen), 1)
    const left = await this.#engine.list({ type: null, services: [], days: null })
    expect(left.problems).toEqual([])
    expect(left.backups.map(({ id }) => id).sort()).toEqual(this.#made.map(({ id }) => id).sort())
  }

  async #check(id: string, tree: Map<string, Described>): Promise<void> {
    const target = join(this.home, `restored-${id}`)
    const plan = await this.#engine.planRestore(
      {
        source: { kind: 'backup', backup: id, services: [], paths: [] },
        target: { kind: 'directory', path: target },
        conflict: null,
        workers: 1,
      },
      this.#during,
    )
    const outcome = await plan.apply(this.#during)
    expect({
      id,
      told: this.#told,
      notices: plan.notices,
      refused: plan.refused.length,
      exitCode: outcome.exitCode,
    }).toEqual({ id, told: [], notices: [], refused: 0, exitCode: 0 })
    const restored = describeTree(disk, pathFromText(join(target, this.source)))
    expect(compareTrees(tree, restored, (_path, attribute) => attribute === 'holes')).toEqual([])
    counts['restored and compared']++
    rmSync(target, { recursive: true })
  }

  async #edit(): Promise<void> {
    const edits = this.#upTo(12)
    for (let at = 0; at < edits; at++) this.#editOne()
    if (existsSync(join(this.source, 'large')) && this.#upTo(2) === 0) this.#editLarge(join(this.source, 'large'))
  }

  #editOne(): void {
    counts.edits++
    const all = readdirSync(this.source, { recursive: true, encoding: 'utf8' })
      .filter((name) => name !== 'large')
      .sort()
    if (all.length === 0) {
      this.#write(this.#newPath())
      return
    }
    const path = join(this.source, this.#pick(all))
    const status = lstatSync(path)
    const any: (() => void)[] = [
      () => this.#write(this.#newPath()),
      () => rmSync(path, { recursive: true }),
      () => renameSync(path, `${path}-renamed${this.#names++}`),
      () => {
        rmSync(path, { recursive: true })
        if (this.#upTo(2) === 0) mkdirSync(path)
        else symlinkSync(`nowhere-${this.#names++}`, path)
      },
    ]
    if (!status.isSymbolicLink()) any.push(() => chmodSync(path, status.isDirectory() ? 0o750 : 0o604))
    this.#pick(status.isFile() ? [...any, ...this.#fileEdits(path, status)] : any)()
  }

  #fileEdits(path: string, { size, atime, mtime }: Stats): (() => void)[] {
    return [
      () => this.#write(path),
      () => appendFileSync(path, 'more '),
      () => truncateSync(path, Math.floor(size / 2)),
      () => linkSync(path, `${path}-link${this.#names++}`),
      () => writeFileSync(this.#newPath(), readFileSync(path)),
      // the same content under another time
      () => utimesSync(path, 1_500_000_000 + this.#upTo(1000), 1_500_000_000),
      () => {
        // other content of the same size under the same time
        writeFileSync(path, this.#bytes(size))
        utimesSync(path, atime, mtime)
      },
    ]
  }

  #editLarge(path: string): void {
    const bytes = readFileSync(path)
    const at = this.#upTo(bytes.length)
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
    this.#pick([
      () => appendFileSync(path, this.#bytes(1 << 20)),
      () => writeFileSync(path, Buffer.concat([before, this.#bytes(5000), after])),
      () => writeFileSync(path, Buffer.concat([before, this.#bytes(8192), after.subarray(8192)])),
      () => truncateSync(path, Math.max(1, at)),
    ])()
  }

  #write(path: string): void {
    writeFileSync(path, this.#bytes(this.#upTo(4) === 0 ? 0 : this.#upTo(20_000)))
  }

  #newPath(): string {
    let directory = this.source
    for (let depth = this.#upTo(3); depth > 0; depth--) directory = join(directory, `directory-${this.#upTo(4)}`)
    try {
      mkdirSync(directory, { recursive: true })
    } catch {
      directory = this.source // a file or a link has that name by now
    }
    return join(directory, `file-${this.#names++}`)
  }

  #bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(Math.floor(this.#next() * 2 ** 32), at)
    return bytes
  }

  /** 0 to limit - 1. */
  #upTo(limit: number): number {
    return Math.floor(this.#next() * limit)
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#upTo(from.length)] as T // there is one
  }
}

// Several at once: each waits for its disk half of the time.
test.concurrent.each(Array.from({ length: seeds }, (_, at) => firstSeed + at))(
  'every backup of history %i restores to what the tree was',
  { timeout: 300_000 },
  async (seed) => {
    const history = new History(seed)
    try {
      await history.run()
      wholeHistories++
    } finally {
      history.close()
    }
  },
)

afterAll(() => {
  if (!isLong) return
  const directory = fileURLToPath(new URL('../../docs/tables', import.meta.url))
  mkdirSync(directory, { recursive: true })
  const rows = Object.entries(counts).map(([what, count]) => `| ${what} | ${count} |`)
  const text = `# Random histories

A tree is edited at random and backed up again and again, full, incremental and differential, some of it consolidated, some deleted; in the end every backup that is left is restored and compared with what the tree was when it was made: names, types, content, modes, owners, times, links. Of ${seeds} histories, seeds ${firstSeed} to ${firstSeed + seeds - 1}, ${wholeHistories} came out equal in everything. Written by \`npm run test:long\`, or \`HOLDFAST_LONG=1 vitest run test/e2e/history.test.ts\`.

| what | times |
|---|---|
${rows.join('\n')}
`
  writeFileSync(join(directory, 'history.md'), text)
})
