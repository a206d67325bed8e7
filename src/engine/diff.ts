import type { Change, DiffOptions, DiffResult, DiffWatch } from '../model/diff.ts'
import { displayPath } from '../model/path.ts'
import type { SourceContext } from '../model/source.ts'
import type { TocEntry } from '../model/toc.ts'
import type { Lineage } from './archive/lineage.ts'
import { openArchive, openBackup } from './inspect.ts'
import { following, liveEntries } from './live-tree.ts'
import { Pace } from './pace.ts'
import { compareEntries, type Difference } from './plan/compare.ts'
import { joinRenames } from './plan/renames.ts'
import { readAccountNames } from './platform/account-names.ts'
import { repositoryIdentity } from './repository.ts'
import type { Session } from './session.ts'
import { compareContents } from './toc-diff.ts'

/** What changed between two backups, or between a backup and the disk as it is now. */
export async function diffBackups(
  session: Session,
  options: DiffOptions,
  take: (change: Change) => Promise<void>,
  watch?: DiffWatch,
): Promise<DiffResult> {
  const pace = new Pace(session.world.clock, () => watch?.signal.aborted === true)
  pace.check()
  const repository = session.repository()
  const { files } = session.world
  const from = await session.backup(repository, options.backup, options.services)
  const to =
    options.against.kind === 'backup' ? await session.backup(repository, options.against.id, options.services) : null
  const keys = await session.keys(repository, from.encrypted || to?.encrypted === true)
  const before = openBackup(files, repository, from, options.services, keys)
  const after = to === null ? null : openBackup(files, repository, to, options.services, keys)
  const services = [
    ...new Set([...before.archives, ...(after?.archives ?? [])].map((archive) => archive.service)),
  ].sort()
  const counts = { added: 0, removed: 0, changed: 0, metadata: 0, renamed: 0 }
  const warnings: string[] = []
  const open = (backup: typeof before | null, service: string): Lineage | null => {
    const archive = backup?.archives.find((candidate) => candidate.service === service)
    return backup === null || archive === undefined
      ? null
      : openArchive(files, repository, backup.manifest, archive, keys)
  }
  const step = new Steps(pace, watch)
  for (const service of services) {
    const old = open(before, service)
    const now = open(after, service)
    step.expect((old?.top.root.toc.n ?? 0) + (now?.top.root.toc.n ?? 0))
    try {
      const differences =
        to === null && old !== null
          ? compareLive(session, old, warnings, pace, step)
          : compareContents(old, now, (entries) => step.done(entries))
      for await (const difference of joinRenames(differences, watch?.renamesAmong)) {
        counts[difference.change]++
        await take({ service, ...difference })
      }
    } finally {
      old?.close()
      now?.close()
    }
  }
  step.tell()
  return { from: from.id, to: to?.id ?? 'the disk', counts, warnings }
}

function compareLive(
  session: Session,
  old: Lineage,
  warnings: string[],
  pace: Pace,
  step: Steps,
): AsyncGenerator<Difference> {
  const { files } = session.world
  const context: SourceContext = {
    signal: new AbortController().signal,
    warn: ({ path, what }) => void warnings.push(path === null ? what : `${displayPath(path)}: ${what}`),
    skip: () => {},
  }
  return compareEntries(
    stepping(old.entries(), step),
    liveEntries(
      files,
      readAccountNames(files),
      old.top.root.source,
      repositoryIdentity(files, session.root),
      context,
      following(old.entries()),
      pace,
    ),
  )
}

async function* stepping(entries: Iterable<TocEntry>, step: Steps): AsyncGenerator<TocEntry> {
  for (const entry of entries) {
    const waits = step.done(1)
    if (waits !== undefined) await waits
    yield entry
  }
}

/** How far a comparison has come, told whenever the event loop gets its turn. */
class Steps {
  readonly #pace: Pace
  readonly #watch: DiffWatch | undefined
  #done = 0
  #total = 0

  constructor(pace: Pace, watch: DiffWatch | undefined) {
    this.#pace = pace
    this.#watch = watch
  }

  expect(entries: number): void {
    this.#total += entries
  }

  done(entries: number): Promise<void> | undefined {
    this.#done += entries
    if (!this.#pace.isDue) return undefined
    this.tell()
    return this.#pace.turn()
  }

  tell(): void {
    this.#watch?.progress(this.#done, this.#total)
  }
}
