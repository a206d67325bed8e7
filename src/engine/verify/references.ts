import { BackupError } from '../../model/errors.ts'
import type { TocEntry } from '../../model/toc.ts'
import { holdersOf } from '../archive/holders.ts'
import type { Lineage } from '../archive/lineage.ts'
import type { CheckResult, RestoreJob } from '../archive/restore-job.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import { accessesOf } from '../restore/holder-access.ts'
import { encodeStep } from '../restore/step-line.ts'
import type { Findings } from './finding.ts'
import type { Proven } from './proven.ts'

/**
 * Everything an archive took over from older ones is read where it lies and compared with its hash: what a restore
 * would read, without writing it. So are large files whose new chunks lie in the archive without a member of their own.
 */
export interface ReferencesOptions {
  readonly run: string
  readonly proven: Proven
  /** Also what the archive holds itself. */
  readonly withOwn: boolean
  onEntry(): void
}

const jobBytes = 16 << 20
const jobEntries = 512

export async function checkReferences(
  pool: WorkerPool,
  lineage: Lineage,
  findings: Findings,
  { run, proven, withOwn, onEntry }: ReferencesOptions,
): Promise<void> {
  const archiveOf = (ordinal: number): string => idOf(lineage, ordinal)
  const access = accessesOf(lineage, null)
  const underWay = new Set<Promise<void>>()
  let failure: unknown = null
  let lines: string[] = []
  let entries: TocEntry[] = []
  let bytes = 0
  const submit = async (): Promise<void> => {
    while (underWay.size >= 2 * pool.count) await Promise.race(underWay)
    const checked = entries
    const job: RestoreJob = {
      ...{ kind: 'restore', task: 'check', run, places: [], archives: [access] },
      lines: Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8'),
    }
    const running: Promise<void> = pool
      .run<CheckResult>(job)
      .then((wrong) => {
        const bad = new Map(wrong.map(({ at, what }) => [at, what]))
        for (const [at, entry] of checked.entries()) {
          const what = bad.get(at)
          if (what === undefined) proven.add(entry, archiveOf)
          else findings.damage(what, entry.path)
          onEntry()
        }
      })
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => underWay.delete(running))
    underWay.add(running)
    lines = []
    entries = []
    bytes = 0
  }
  try {
    for (const { entry, line, home } of referringLines(lineage, withOwn)) {
      if (proven.has(entry, archiveOf)) continue
      lines.push(
        encodeStep({ step: { kind: 'write-file', entry, replaces: null }, archive: 0, home, fresh: true }, line),
      )
      entries.push(entry)
      bytes += entry.sizeBytes
      if (bytes >= jobBytes || lines.length >= jobEntries) await submit()
      if (failure !== null) break
    }
    if (lines.length > 0 && failure === null) await submit()
  } finally {
    await Promise.all(underWay)
    // The threads let go of the archives.
    const close: RestoreJob = { kind: 'restore', task: 'close', run: '', places: [] }
    await Promise.allSettled(Array.from({ length: pool.started }, () => pool.run(close)))
  }
  if (failure !== null) throw failure
}

interface ReferringLine {
  readonly entry: TocEntry
  readonly line: string
  readonly home: number
}

function* referringLines(lineage: Lineage, withOwn: boolean): Generator<ReferringLine> {
  const own = lineage.ordinal
  for (const page of lineage.top.root.toc.pages) {
    let ordinal: number
    let lines: readonly string[]
    try {
      ;({ ordinal, lines } = lineage.pageLines(page))
    } catch (error) {
      if (error instanceof BackupError) continue // found and told by whoever reads the table of contents
      throw error
    }
    for (const line of lines) {
      const at = line.indexOf('"t":"')
      if (at < 0 || !(line.includes(',"x":[') || line.includes(',"ck"'))) continue
      let entry: TocEntry
      try {
        entry = lineage.entryOf(line, ordinal)
      } catch (error) {
        if (error instanceof BackupError) continue // likewise
        throw error
      }
      if (entry.type !== 'file') continue
      const inMember = !withOwn && entry.content.kind === 'extent' && entry.content.holder === own
      if (!inMember && holdersOf(entry).length > 0) yield { entry, line, home: ordinal }
    }
  }
}

function idOf(lineage: Lineage, ordinal: number): string {
  if (ordinal === lineage.ordinal) return lineage.top.root.id
  return lineage.dependencies.find(({ i }) => i === ordinal)?.id ?? ''
}
