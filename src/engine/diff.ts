import type { Change, DiffOptions, DiffResult } from '../model/engine.ts'
import { displayPath } from '../model/path.ts'
import type { SourceContext } from '../model/source.ts'
import type { TocEntry } from '../model/toc.ts'
import type { Lineage } from './archive/lineage.ts'
import { openArchive, openBackup } from './inspect.ts'
import { following, liveEntries } from './live-tree.ts'
import { compareEntries } from './plan/compare.ts'
import { joinRenames } from './plan/renames.ts'
import { readAccountNames } from './platform/account-names.ts'
import { repositoryIdentity } from './repository.ts'
import type { Session } from './session.ts'

/** What changed between two backups, or between a backup and the disk as it is now. */
export async function diffBackups(
  session: Session,
  options: DiffOptions,
  take: (change: Change) => Promise<void>,
): Promise<DiffResult> {
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
  for (const service of services) {
    const old = open(before, service)
    const now = open(after, service)
    try {
      const entries = old?.entries() ?? none()
      const differences =
        to === null && old !== null
          ? compareLive(session, old, warnings)
          : compareEntries(entries, now?.entries() ?? none())
      for await (const difference of joinRenames(differences)) {
        counts[difference.change]++
        await take({ service, ...difference })
      }
    } finally {
      old?.close()
      now?.close()
    }
  }
  return { from: from.id, to: to?.id ?? 'the disk', counts, warnings }
}

function compareLive(session: Session, old: Lineage, warnings: string[]): AsyncGenerator<Omit<Change, 'service'>> {
  const { files } = session.world
  const context: SourceContext = {
    signal: new AbortController().signal,
    warn: ({ path, what }) => void warnings.push(path === null ? what : `${displayPath(path)}: ${what}`),
    skip: () => {},
  }
  return compareEntries(
    old.entries(),
    liveEntries(
      files,
      readAccountNames(files),
      old.top.root.source,
      repositoryIdentity(files, session.root),
      context,
      following(old.entries()),
    ),
  )
}

function* none(): Generator<TocEntry> {}
