import type { CatalogEntry } from '../model/backup.ts'
import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import type { RebuildResult } from '../model/repository.ts'
import { type CatalogPort, entryFromManifest } from './catalog.ts'
import type { Keys } from './keys/slots.ts'
import { backupIds, type Repository, type World } from './repository.ts'
import { carryOut, type Ending, type Run } from './run.ts'
import { runsNewestFirst } from './run-log.ts'
import type { Session } from './session.ts'

export interface Rebuilt {
  readonly backups: number
  /** Name a damaged catalog was kept under. */
  readonly keptAs: string | null
  readonly problems: readonly string[]
}

/** The catalog anew, as a run. */
export async function rebuild(session: Session, during: During): Promise<RebuildResult> {
  const { world } = session
  const repository = session.repository()
  const keys = await session.keys(repository, false)
  const { result, exitCode } = await carryOut(
    world,
    repository,
    { kind: 'rebuild', about: 'metadata.json', ...during },
    (run) => rebuildCatalog(world, repository, session.catalog(repository), keys, run),
  )
  return { exitCode, ...result }
}

/** metadata.json from archives/ alone; what was verified comes from the runs' reports. */
export async function rebuildCatalog(
  world: World,
  repository: Repository,
  catalog: CatalogPort,
  keys: Keys,
  run: Run,
): Promise<Ending<Rebuilt>> {
  const { files } = world
  const ids = backupIds(files, repository)
  const entries: CatalogEntry[] = []
  const problems: string[] = []
  const trouble = (what: string): void => {
    problems.push(what)
    run.tell({ kind: 'warning', message: what })
  }
  // The logs only say what was verified when: without them the catalog is the poorer, and still true.
  const verified = new Map<string, NonNullable<CatalogEntry['verified']>>()
  try {
    findVerifications(world, repository, verified)
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    trouble(`what was verified is not known in full: ${error.message}`)
  }
  for (const [at, id] of ids.entries()) {
    run.signal.throwIfAborted()
    try {
      entries.push({ ...entryFromManifest(files, repository, id, keys), verified: verified.get(id) ?? null })
    } catch (error) {
      if (!(error instanceof BackupError)) throw error
      trouble(`${id} cannot be listed: ${error.message}`)
    }
    run.tell({ kind: 'progress', doneBytes: 0, totalBytes: null, doneEntries: at + 1, totalEntries: ids.length })
  }
  const keptAs = await catalog.replace(entries)
  return {
    result: { backups: entries.length, keptAs, problems },
    report: { backups: entries.length },
    warnings: problems.length > 0,
  }
}

/** The newest verification of every backup that the logs still tell of. */
function findVerifications(
  world: World,
  repository: Repository,
  newest: Map<string, NonNullable<CatalogEntry['verified']>>,
): void {
  for (const run of runsNewestFirst(world.files, repository, { before: null, kinds: ['verify'] })) {
    const report = run.report as { verified?: unknown } | null // written by our own verify; checked below
    if (!Array.isArray(report?.verified)) continue
    for (const one of report.verified as { id?: unknown; level?: unknown; ok?: unknown }[]) {
      if (
        typeof one.id !== 'string' ||
        typeof one.level !== 'string' ||
        typeof one.ok !== 'boolean' ||
        newest.has(one.id)
      )
        continue
      newest.set(one.id, { level: one.level, at: run.endedAt ?? run.startedAt, ok: one.ok })
    }
  }
}
