import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { openDocumentFile } from '../../src/engine/platform/document-file.ts'
import type { CatalogEntry } from '../../src/model/backup.ts'
import type { CleanupOrder, CleanupOutcome, CleanupRules } from '../../src/model/cleanup.ts'
import type { Engine } from '../../src/model/engine.ts'
import type { RunEvent } from '../../src/model/event.ts'
import { pathFromText } from '../../src/model/path.ts'
import type { Clock, Files } from '../../src/model/ports.ts'
import type { RetentionCounts } from '../../src/model/retention.ts'
import { openCatalog } from '../../src/store/catalog.ts'
import { engineAt, plainly } from '../engine-kit.ts'

export const hour = 3_600_000
export const day = 24 * hour

/** A real repository with two services, `web` and `mail`, and a clock that goes as the test says. */
export class CleanupYard {
  readonly home = mkdtempSync(join(tmpdir(), 'holdfast-cleanup-'))
  readonly root = join(this.home, 'backup')
  now = Date.parse('2026-11-01T02:00:00Z')
  events: RunEvent[] = []
  readonly #clock: Clock
  readonly #files: Files | undefined
  #elapsed = 0
  #edits = 0

  constructor(configuration: object = {}, files?: Files) {
    // No patience lasts long by this clock: it goes on by a second whenever it is looked at.
    this.#clock = { now: () => this.now, elapsed: () => (this.#elapsed += 1000) }
    this.#files = files
    for (const name of ['web', 'mail']) mkdirSync(join(this.home, name))
    this.configure(configuration)
  }

  configure(configuration: object): void {
    const files = (name: string) => ({ type: 'files', include_paths: [join(this.home, name)] })
    const document = { services: { web: files('web'), mail: files('mail') }, ...configuration }
    writeFileSync(join(this.home, 'backup_config.json'), JSON.stringify(document))
  }

  /** Anew each time, as a process of its own would be. */
  get engine(): Engine {
    const { root, home } = this
    const files = this.#files === undefined ? {} : { files: this.#files }
    return engineAt({ root, home, key: 'ab'.repeat(32), clock: this.#clock, ...files })
  }

  get during() {
    return { signal: AbortSignal.timeout(60_000), listen: (event: RunEvent) => void this.events.push(event) }
  }

  async init(): Promise<this> {
    await this.engine.init({ passphrase: null })
    return this
  }

  /** One backup, and a day goes by. */
  async make(type: 'full' | 'incremental' = 'full', service = 'web'): Promise<string> {
    writeFileSync(join(this.home, service, `file-${this.#edits}`), `content ${this.#edits++}`)
    const { backup } = await this.engine.create({ ...plainly({ type, paths: [] }), services: [service] }, this.during)
    this.now += day
    return backup.id
  }

  async makeMany(count: number, type: 'full' | 'incremental' = 'full', service = 'web'): Promise<string[]> {
    const ids: string[] = []
    for (let at = 0; at < count; at++) ids.push(await this.make(at === 0 ? 'full' : type, service))
    return ids
  }

  byHand(counts: RetentionCounts | null, graceHours = 0): CleanupRules {
    return { kind: 'by-hand', counts, graceHours }
  }

  clean(rules: CleanupRules, only: CleanupOrder['only'] = null): Promise<CleanupOutcome> {
    this.events = []
    return this.engine.cleanup({ rules, only }, this.during)
  }

  async list(): Promise<{ ids: string[]; problems: readonly string[]; entries: readonly CatalogEntry[] }> {
    const { backups, problems } = await this.engine.list({ type: null, services: [], days: null })
    return { ids: backups.map(({ id }) => id).reverse(), problems, entries: backups }
  }

  catalog(): { gen: number; backups: CatalogEntry[] } {
    return JSON.parse(readFileSync(join(this.root, 'metadata.json'), 'utf8'))
  }

  /** The catalog as a process might have left it that died. */
  async rewrite(change: (entry: CatalogEntry) => CatalogEntry): Promise<void> {
    const [path, lock] = ['metadata.json', 'locks/catalog'].map((name) => pathFromText(join(this.root, name)))
    const adapter = openDocumentFile(createDiskFiles(), path!, lock!, () => ({
      waitMs: 1000,
      signal: AbortSignal.timeout(1000),
      clock: systemClock,
      holder: { pid: process.pid, run: 'test', command: 'test', since: '' },
    }))
    await openCatalog(adapter).updateExisting((backups) => backups.map(change))
  }

  told(kind: 'notice' | 'warning'): string[] {
    return this.events.flatMap((event) => (event.kind === kind ? [event.message] : []))
  }

  /** What is wrong with what is listed: every backup must be whole, and have what it needs. */
  async faults(): Promise<string[]> {
    const { problems, ids } = await this.list()
    if (ids.length === 0) return [...problems]
    const { reports } = await this.engine.verify({ backups: null, level: 'full', workers: 1 }, this.during)
    return [...problems, ...reports.flatMap((report) => report.problems.map(({ what }) => `${report.id}: ${what}`))]
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true })
  }
}
