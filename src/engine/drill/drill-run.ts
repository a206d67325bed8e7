import type { DrillCard, DrillOptions } from '../../model/drill.ts'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, joinPath } from '../../model/path.ts'
import { formatNumberOf } from '../../model/units.ts'
import type { DrillTarget } from '../plan/drill-targets.ts'
import type { Planning } from '../planning.ts'
import { readAccountNames } from '../platform/account-names.ts'
import { explainIfIo } from '../platform/explain-io.ts'
import type { Repository } from '../repository.ts'
import { type Loss, lossTexts } from '../restore/attributes.ts'
import type { RestoreOutcome } from '../restore/outcome.ts'
import { named } from '../restore-run.ts'
import { planRehearsal } from '../restore-story.ts'
import type { Run } from '../run.ts'
import type { Scratch } from '../scratch.ts'
import type { Session } from '../session.ts'
import { runCheck } from './check-command.ts'
import { type ReadBack, readBack } from './compare-tree.ts'
import type { Aspect, Difference } from './differences.ts'
import { forgetPlace, makePlace, placeIn } from './drill-place.ts'
import { removeRestored } from './remove-tree.ts'

/** What was measured and found; the score is made of it. */
export type Rehearsed = Pick<DrillCard, 'restored' | 'compared' | 'check' | 'rtoMs' | 'notes' | 'kept'>

const treeName = 'tree' as BytePath
/** What else lies on the repository's disk, a backup under way among it, needs room too. */
const spareBytes = 64 * 1024 * 1024
const shownDifferences = 100

/** Restores, compares and checks. What it restored is gone afterwards, however it ends, unless it is to be kept. */
export async function rehearse(
  session: Session,
  repository: Repository,
  target: DrillTarget,
  options: DrillOptions,
  workspace: Scratch,
  run: Run,
): Promise<Rehearsed> {
  const { world } = session
  const { files, clock } = world
  const begun = clock.elapsed()
  const since = (instant: number) => Math.round(clock.elapsed() - instant)
  run.tell({ kind: 'phase', phase: 'planning the restore' })
  const { planned, tree, outside } = await planSomewhere(session, repository, target, options, workspace, run)
  let kept: string | null = null
  try {
    for (const message of planned.notices) run.tell({ kind: 'notice', message })
    const applied = await planned.applyWithin(run)
    const restoreMs = since(begun)

    run.tell({ kind: 'phase', phase: 'comparing' })
    const compareBegun = clock.elapsed()
    const totalEntries = planned.archives.reduce((sum, { lineage }) => sum + lineage.top.root.toc.n, 0)
    const found = await readBack(
      files,
      planned.pool,
      tree,
      planned.archives.map(({ lineage }) => lineage),
      {
        names: readAccountNames(files),
        isRoot: world.uid === 0,
        signal: run.signal,
        onProgress: ({ entries, bytes }) =>
          run.tell({
            kind: 'progress',
            doneBytes: bytes,
            totalBytes: planned.bytesToWrite,
            doneEntries: entries,
            totalEntries,
          }),
      },
    ).catch((error: unknown) => {
      throw explainIfIo(error, 'read back', tree)
    })
    const { differences, different, notes } = judge(found, applied)
    for (const { path, what } of differences.slice(0, shownDifferences))
      run.tell({ kind: 'warning', message: `restored otherwise than recorded: ${what}`, ...named(path) })
    const compareMs = since(compareBegun)

    let check: DrillCard['check'] = null
    if (options.check !== null) {
      run.tell({ kind: 'phase', phase: 'checking' })
      const { encryption } = session.parts.configured.settings
      check = await runCheck({
        ...options.check,
        directory: tree,
        backup: target.backup.id,
        secretVariables: ['BACKUP_ENCRYPTION_KEY', encryption.keyVariable],
        clock,
        signal: run.signal,
      })
    }
    if (options.keep && outside !== null) {
      forgetPlace(files, workspace.path)
      kept = displayPath(tree)
    }
    const damaged = applied.damaged.length + planned.unreadable
    return {
      restored: {
        ok: damaged === 0 && applied.failed === 0,
        written: applied.written,
        bytes: applied.bytes,
        durationMs: restoreMs,
        damaged,
      },
      compared: {
        ok: different === 0,
        entries: found.entries,
        files: found.files,
        bytes: found.bytes,
        different,
        differences: differences
          .slice(0, shownDifferences)
          .map(({ path, what }) => ({ path: displayPath(path), what })),
        durationMs: compareMs,
      },
      check,
      rtoMs: restoreMs + (check?.durationMs ?? 0),
      notes,
      kept,
    }
  } finally {
    if (kept === null) await removeRestored(files, planned.pool, tree)
    await planned.drop().catch(() => {}) // what it left is swept by the next run
    if (outside !== null && kept === null) removeQuietly(() => files.removeTree(outside))
  }
}

interface Somewhere {
  readonly planned: Planning
  /** Where stored paths lie below. */
  readonly tree: BytePath
  /** What is to be removed where it does not lie in the workspace. */
  readonly outside: BytePath | null
}

/** @throws E_NO_SPACE where there is no room anywhere it may be: before the first byte is written. */
async function planSomewhere(
  session: Session,
  repository: Repository,
  { backup, services }: DrillTarget,
  { scratch, keep, workers }: DrillOptions,
  workspace: Scratch,
  run: Run,
): Promise<Somewhere> {
  const { world } = session
  const { files } = world
  const given = scratch === null ? null : session.absolute(scratch)
  if (given !== null && files.statusFollowing(given)?.type !== 'directory')
    throw new BackupError('E_TARGET', `${displayPath(given)} is no directory`, 'name one that is there with --scratch')
  const outer = placeIn(given ?? world.temporary, run.id)
  // What is to be kept must not lie where the next run sweeps.
  const places = given !== null || keep ? [outer] : [null, outer].filter((place) => place !== workspace.path)
  let why: BackupError | null = null
  for (const outside of places) {
    if (outside !== null) makePlace(files, workspace.path, outside)
    const tree = joinPath(outside ?? workspace.path, treeName)
    let planned: Planning | null = null
    try {
      planned = await planRehearsal(
        session,
        { source: { kind: 'backup', backup: backup.id, services, paths: [] }, conflict: 'overwrite', workers },
        { path: tree, protected: outside === null ? repository.archives : repository.root },
        { signal: run.signal, listen: () => {} },
      )
      why = lackOfSpace(planned, outside === null ? spareBytes : 0)
      if (why === null) return { planned, tree, outside }
    } catch (error) {
      why = null
      throw error
    } finally {
      if (planned !== null && why !== null) await planned.drop()
      if (outside !== null && (planned === null || why !== null)) removeQuietly(() => files.removeTree(outside))
    }
  }
  throw why ?? new BackupError('E_INTERNAL', 'a drill has no place to go to')
}

function lackOfSpace({ space }: Planning, spare: number): BackupError | null {
  for (const { at, neededBytes, freeBytes } of space) {
    if (freeBytes === null || freeBytes >= neededBytes + spare) continue
    return new BackupError(
      'E_NO_SPACE',
      `the drill needs ${neededBytes} bytes below ${at}, ${freeBytes} are free`,
      'free some space, or name a directory that has room with --scratch DIR; --services drills a part',
    )
  }
  return null
}

/** What a loss that the restore told of may show in what is read back. */
const aspectOfLoss: Readonly<Record<Loss, Aspect | null>> = {
  owner: 'owner',
  'owner-failed': 'owner',
  'special-bits': 'mode',
  xattrs: 'xattrs',
  'system-xattrs': 'xattrs',
  acl: 'acl',
  mode: 'mode',
  time: 'mtime',
  'hard-links': 'link',
  sync: null,
}

/**
 * What the restore said it could not set here, such as owners without root, is a note and no difference, as long as no
 * more of it is found than was told.
 */
function judge(
  found: ReadBack,
  applied: RestoreOutcome,
): { readonly differences: readonly Difference[]; readonly different: number; readonly notes: readonly string[] } {
  const told = new Map<Aspect, number>()
  const notes: string[] = []
  for (const { what, count } of applied.warnings) {
    notes.push(`${what} (${formatNumberOf(count, 'entry', 'entries')})`)
    const loss = (Object.keys(lossTexts) as Loss[]).find((one) => lossTexts[one] === what) // the keys of that very object
    const aspect = loss === undefined ? null : aspectOfLoss[loss]
    if (aspect !== null) told.set(aspect, (told.get(aspect) ?? 0) + count)
  }
  if (found.leftOut > 0)
    notes.push(
      `not restored, and not compared: devices, which only root can make (${formatNumberOf(found.leftOut, 'entry', 'entries')})`,
    )
  const isExcused = (aspect: Aspect): boolean => (found.counts.get(aspect) ?? 0) <= (told.get(aspect) ?? 0)
  let different = 0
  for (const [aspect, count] of found.counts) if (!isExcused(aspect)) different += count
  return { differences: found.differences.filter(({ aspect }) => !isExcused(aspect)), different, notes }
}

/** What stays behind is swept by the next run. */
function removeQuietly(remove: () => void): void {
  try {
    remove()
  } catch {}
}
