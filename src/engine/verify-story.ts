import type { CatalogEntry, Manifest } from '../model/backup.ts'
import type { During } from '../model/during.ts'
import { BackupError, type ErrorCode } from '../model/errors.ts'
import { type BytePath, displayPath } from '../model/path.ts'
import type { VerifyOptions, VerifyOutcome, VerifyProblem, VerifyReport } from '../model/verify.ts'
import type { VerifyLevel } from '../model/verify-level.ts'
import { levelMeanings } from '../model/verify-level.ts'
import { ArchiveReader } from './archive/reader.ts'
import { WorkerPool } from './archive/worker-pool.ts'
import { type CatalogPort, chooseBackup } from './catalog.ts'
import { type Hold, holdBackup } from './hold.ts'
import { openArchive } from './inspect.ts'
import { type Keys, noKeys } from './keys/slots.ts'
import { archivePlace, dependencyPlace, readDetails, readManifest } from './manifest.ts'
import { readAccountNames } from './platform/account-names.ts'
import { backupIds, type Repository } from './repository.ts'
import { carryOut, type Run } from './run.ts'
import { openScratch } from './scratch.ts'
import type { Session } from './session.ts'
import { damageIn, type Finding, Findings } from './verify/finding.ts'
import { Proven } from './verify/proven.ts'
import { testRestore } from './verify/test-restore.ts'
import { verifyArchive } from './verify/verify-archive.ts'

/** Verifies the backups that are named, or all, writes the reports into the run's log and the newest result into the catalog. */
export async function verifyBackups(session: Session, options: VerifyOptions, during: During): Promise<VerifyOutcome> {
  const repository = session.repository()
  const { world } = session
  const all = await session.backups(repository)
  const chosen = options.backups === null ? all : chooseBackups(all, options.backups)
  // What cannot even be listed is damage too, and must not be passed over.
  const listed = new Set(all.map(({ id }) => id))
  const unlisted = options.backups === null ? backupIds(world.files, repository).filter((id) => !listed.has(id)) : []
  const ids = [...chosen.map(({ id }) => id), ...unlisted]
  const level = options.level
  // A scrub needs no key, and then none is asked for.
  const keys =
    level === 'scrub'
      ? noKeys
      : await session.keys(
          repository,
          chosen.some((entry) => entry.encrypted),
        )
  const about = `${level}: ${options.backups === null ? `all ${ids.length} backups` : namesOf(ids)}`
  const note = (reports: readonly VerifyReport[], story: Run): Promise<void> =>
    remember(session.catalog(repository), reports, new Date(world.clock.now()).toISOString(), story)
  const { run, result, exitCode } = await carryOut(
    world,
    repository,
    { kind: 'verify', about, ...during },
    async (story) => {
      const workers = options.workers ?? session.parts.configured.settings.workers.verification ?? world.processors
      const pool = new WorkerPool({ count: workers, filesModule: world.filesModule })
      const reports: VerifyReport[] = []
      // One that cannot be looked at says nothing of the others.
      const unseen = new Map<string, BackupError>()
      const deleted = new Set<string>()
      const proven = new Proven(chosen.length > 1 && chosen.some(({ deps }) => deps.length > 0) ? 1 << 20 : 0)
      try {
        // The oldest first: what they hold need not be read again for those that build on them.
        for (const id of ids.toReversed()) {
          const hold = await holdUnlessDeleted(session, repository, id)
          if (hold === null) {
            if (ids.length === 1) throw deletedMeanwhile(id)
            story.tell({ kind: 'notice', message: deletedMeanwhile(id).message })
            deleted.add(id)
            continue
          }
          try {
            reports.unshift(await verifyBackup(session, repository, id, level, keys, pool, proven, story))
          } catch (error) {
            if (ids.length === 1 || !(error instanceof BackupError) || !ofOneBackup.includes(error.code)) throw error
            unseen.set(id, error)
          } finally {
            hold.release()
          }
        }
      } catch (error) {
        // What was proven until then is proven, whatever keeps the others from being looked at.
        await note(reports, story)
        throw error
      } finally {
        await pool.close()
      }
      const [first] = unseen.values()
      if (first !== undefined && reports.length === 0) throw first
      for (const [id, { message }] of unseen)
        story.tell({ kind: 'warning', message: `${id} is not verified: ${message}` })
      await note(reports, story)
      const damaged = reports.some((report) => !report.ok)
      const warned = unseen.size > 0 || reports.some((report) => report.problems.length > 0)
      const report = {
        verified: reports.map(({ id, level, ok, problems }) => ({ id, level, ok, problems: problems.slice(0, 100) })),
      }
      const known = new Map(reports.map((one) => [one.id, one]))
      const all = ids
        .filter((id) => !deleted.has(id))
        .map((id) => known.get(id) ?? unseenReport(id, level, unseen.get(id)?.message ?? ''))
      return { result: all, report, warnings: warned, ...(damaged ? { exitCode: 4 } : {}) }
    },
  )
  return { exitCode, run, reports: result, blindSpot: levelMeanings[level].blindSpot }
}

/** Each once, in the order of all. @throws E_UNKNOWN_ID, E_ARCHIVE_MISSING, E_USAGE where none is named. */
function chooseBackups(all: readonly CatalogEntry[], wanted: readonly string[]): readonly CatalogEntry[] {
  if (wanted.length === 0)
    throw new BackupError('E_USAGE', 'no backup is named that is to be verified', 'name ids, or verify all')
  const chosen = new Set(wanted.map((one) => chooseBackup(all, one)))
  return all.filter((entry) => chosen.has(entry))
}

const mostNames = 3

/** The ids themselves where they are few. */
function namesOf(ids: readonly string[]): string {
  if (ids.length === 1) return ids[0] ?? ''
  const rest = ids.length > mostNames ? ` and ${ids.length - mostNames} more` : ''
  return `${ids.length} backups: ${ids.slice(0, mostNames).join(', ')}${rest}`
}

/** What keeps one backup from being looked at, and no other. */
const ofOneBackup: readonly ErrorCode[] = ['E_KEY_MISSING', 'E_KEY_WRONG', 'E_NEWER_FORMAT', 'E_NO_SPACE', 'E_IO']

/** Null for one that somebody deleted since it was chosen: that is no damage. */
async function holdUnlessDeleted(session: Session, repository: Repository, id: string): Promise<Hold | null> {
  const { files } = session.world
  try {
    const hold = holdBackup(files, repository, id)
    if (files.status(repository.backup(id)) !== undefined) return hold
    hold.release()
  } catch (error) {
    if (!(error instanceof BackupError && error.code === 'E_ARCHIVE_MISSING')) throw error
    return null
  }
  // One that the catalog still lists has gone another way.
  const isListed = (await session.backups(repository)).some((entry) => entry.id === id)
  return isListed ? { release: () => {} } : null
}

function deletedMeanwhile(id: string): BackupError {
  return new BackupError('E_UNKNOWN_ID', `${id} was deleted meanwhile`, 'holdfast list shows what there is')
}

/** Neither whole nor damaged, as far as is known. */
function unseenReport(id: string, level: VerifyLevel, what: string): VerifyReport {
  const problem = { archive: 'manifest.json', path: null, what, severity: 'warning' } as const
  return { id, level, ok: false, problems: [problem], bytes: 0, durationMs: 0 }
}

async function verifyBackup(
  session: Session,
  repository: Repository,
  id: string,
  level: VerifyLevel,
  keys: Keys,
  pool: WorkerPool,
  proven: Proven,
  run: Run,
): Promise<VerifyReport> {
  const { world } = session
  const begun = world.clock.elapsed()
  run.tell({ kind: 'phase', phase: `verifying ${id}` })
  const problems: VerifyProblem[] = []
  let bytes = 0
  try {
    const manifest = readManifest(world.files, repository, id)
    if (level !== 'scrub') readDetails(manifest, keys)
    if (manifest.sealed === undefined) for (const message of session.unproven(id)) run.tell({ kind: 'notice', message })
    for (const archive of manifest.archives) {
      const place = archivePlace(repository, manifest, archive)
      const onProgress = (progress: {
        doneBytes: number
        totalBytes: number | null
        doneEntries: number
        totalEntries: number | null
      }): void => run.tell({ kind: 'progress', ...progress })
      const findings =
        level === 'restore'
          ? await verifyByRestore(session, repository, manifest, manifest.archives.indexOf(archive), keys, run)
          : await verifyArchive(world.files, pool, place, archive, keys, level, {
              signal: run.signal,
              proven,
              openOlder: (older) =>
                new ArchiveReader(world.files, dependencyPlace(world.files, repository, older), keys),
              onProgress,
            })
      problems.push(...findings.map(problemOf))
      bytes += archive.size
    }
  } catch (error) {
    if (!(error instanceof BackupError) || error.code === 'E_KEY_MISSING' || error.code === 'E_KEY_WRONG') throw error
    const finding: Finding = { archive: 'manifest.json', path: null, what: damageIn(error), severity: 'damage' }
    problems.push(problemOf(finding))
  }
  for (const { archive, path, what } of problems.slice(0, 20))
    run.tell({ kind: 'warning', message: `${archive}: ${what}`, ...(path === null ? {} : { path }) })
  return {
    id,
    level,
    ok: problems.every(({ severity }) => severity !== 'damage'),
    problems,
    bytes,
    durationMs: Math.round(world.clock.elapsed() - begun),
  }
}

function problemOf({ archive, path, what, severity }: Finding): VerifyProblem {
  return { archive, path: path === null ? null : displayPath(path), what, severity }
}

async function verifyByRestore(
  session: Session,
  repository: Repository,
  manifest: Manifest,
  index: number,
  keys: Keys,
  run: Run,
): Promise<Finding[]> {
  const { world } = session
  const archive = manifest.archives[index]
  if (archive === undefined) return []
  const place = archivePlace(repository, manifest, archive)
  const findings = new Findings(place.path)
  const scratch = await openScratch(world, repository, { ...run.holder, run: `${run.id}-${index}` }, run.signal)
  try {
    const lineage = findings.attempt(() => openArchive(world.files, repository, manifest, archive, keys))
    if (lineage === null) return findings.list()
    try {
      requireSpace(session, scratch.path, lineage.top.root.stats.bytes)
      run.tell({ kind: 'phase', phase: 'restoring into a scratch directory', service: archive.service })
      const found = await session.key()
      await testRestore(place, lineage, findings, {
        files: world.files,
        names: readAccountNames(world.files),
        kit: repository.recovery,
        scratch: scratch.path,
        secret: found?.secret ?? null,
        signal: run.signal,
        isRoot: world.uid === 0,
        nodePath: world.nodePath,
      })
    } finally {
      lineage.close()
    }
  } catch (error) {
    findings.damage(damageIn(error))
  } finally {
    scratch.discard()
  }
  return findings.list()
}

function requireSpace(session: Session, path: BytePath, bytes: number): void {
  const { freeBytes } = session.world.files.fileSystem(path)
  if (freeBytes > bytes * 1.05) return
  throw new BackupError(
    'E_NO_SPACE',
    `a test restore needs ${bytes} bytes below ${displayPath(path)}, ${freeBytes} are free`,
    'free some space, or verify with --level full',
  )
}

/** A verification that cannot be noted down has happened all the same: its report is in the run's log. */
async function remember(catalog: CatalogPort, reports: readonly VerifyReport[], at: string, run: Run): Promise<void> {
  if (reports.length === 0) return
  const results = new Map(reports.map((report) => [report.id, { level: report.level, at, ok: report.ok }]))
  try {
    await catalog.updateExisting((backups) =>
      backups.map((entry) => ({ ...entry, verified: results.get(entry.id) ?? entry.verified })),
    )
  } catch (error) {
    run.tell({
      kind: 'notice',
      message: `the result is not in the catalog: ${error instanceof BackupError ? error.message : String(error)}`,
    })
  }
}
