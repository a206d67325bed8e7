import type { RestoreStep } from '../../model/restore.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import type { Directory } from '../plan/restore-paths.ts'
import type { LinkSource, RestorePolicy } from '../plan/restore-plan.ts'
import { type Comparison, compareContents } from './compare.ts'
import type { Written } from './earlier-work.ts'
import type { Looked } from './look.ts'
import type { OpenPlace } from './open-directories.ts'
import type { TocLine } from './toc-lines.ts'

/** An entry whose path may be used, until its step is decided; without one, something the backup does not have. */
export interface PlanItem {
  readonly toc: TocLine | null
  readonly parent: Directory
  /** Of an entry whose step is not known yet. */
  readonly policy: RestorePolicy | null
  /** Known already, or decided once contents are compared. */
  readonly step: RestoreStep | null
  readonly looked: Looked | null
  /** What a restore that is taken back wrote here. */
  readonly written: Written | null
  /** What an interrupted restore has written beside what stands here. */
  readonly beside: LinkSource | null
  /** Done after all others. */
  readonly last: boolean
  /** A directory that an interrupted attempt has made: nothing of it was there before. */
  readonly isOwn: boolean
  /** Of what stands here. */
  readonly allocatedBytes: number
}

export function planItem(parent: Directory, more: Partial<PlanItem>): PlanItem {
  return {
    ...{ toc: null, parent, policy: null, step: null, looked: null, written: null },
    ...{ beside: null, last: false, isOwn: false, allocatedBytes: 0 },
    ...more,
  }
}

/** What stands in an item's place, now that it was read where only that could tell. */
export interface Compared {
  readonly item: PlanItem
  /** It has the content of the entry. */
  readonly isSame: boolean
  /** It has the content that a restore that is taken back wrote. */
  readonly isAsWritten: boolean
}

/** Reads what has to be read of all of them, in the workers. @throws E_INTERRUPTED. */
export async function compareItems(
  pool: WorkerPool,
  run: string,
  places: readonly OpenPlace[],
  items: readonly PlanItem[],
  signal: AbortSignal,
): Promise<readonly Compared[]> {
  const comparisons: Comparison[] = []
  const asked = items.map((item) => {
    const compare = (entry: TocEntry | undefined, looked: Looked | null): Comparison | null => {
      if (entry === undefined || looked?.content !== 'unknown') return null
      const { path, sizeBytes, sha256 } = entry
      const comparison = { path, sizeBytes, sha256: sha256 ?? '', same: false }
      comparisons.push(comparison)
      return comparison
    }
    const { toc, looked, written } = item
    return { item, entry: compare(toc?.entry, looked), written: compare(written?.entry, written?.looked ?? null) }
  })
  await compareContents(pool, run, places, comparisons, signal)
  return asked.map(({ item, entry, written }) => ({
    item,
    isSame: entry?.same ?? item.looked?.content === 'same',
    isAsWritten: written?.same ?? item.written?.looked?.content === 'same',
  }))
}

/** A file that comes last is taken away before all others: it has to be written whatever it was. */
export function writtenAnew(step: RestoreStep, source: LinkSource | null): RestoreStep {
  if (step.kind !== 'unchanged' && step.kind !== 'set-attributes') return step
  const { entry, replaces } = step
  return source === null
    ? { kind: 'write-file', entry, replaces }
    : { kind: 'make-hardlink', entry, to: source.path, replaces }
}

/** Nothing but attributes goes, which the restore that is taken back had set. */
export function hasNoContent(step: RestoreStep): boolean {
  return step.kind === 'set-attributes' || (step.kind === 'remove' && step.replaces.type === 'directory')
}
