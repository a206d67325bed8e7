import { displayPath, printable } from '../../model/path.ts'
import type { PlannedRestore, RestoreOutcome } from '../../model/planned-restore.ts'
import { formatBytes, formatCount, formatDuration, formatNumberOf } from '../../model/units.ts'
import type { Context } from './command-spec.ts'
import { pathFields } from './fields.ts'

/** What a restore, or its undo, ended with. */
export function tellRestored(outcome: RestoreOutcome, plan: PlannedRestore, { out }: Context): void {
  const { id, written, unchanged, kept, deleted, refused, bytes, undo, durationMs, warnings, damaged, target } = outcome
  const undone = plan.undoes ?? null
  out.result(undone === null ? 'restore' : 'undo', {
    restore: {
      ...{
        id,
        plan: outcome.plan,
        written,
        unchanged,
        kept,
        deleted,
        refused,
        bytes,
        undo,
        durationMs,
        warnings,
        target,
      },
      damaged: damaged.map(pathFields),
    },
    exitCode: outcome.exitCode,
  })
  for (const path of damaged) out.warning(`${displayPath(path)}: damaged, not restored`)
  const rate = durationMs > 0 ? `, ${formatBytes((bytes * 1000) / durationMs)}/s` : ''
  const facts = [
    undone === null ? `restore ${id}` : `undo of ${undone}`,
    ...(undone === null ? [`into: ${printable(target)}`] : []),
    `written: ${formatCount(written)}, ${formatBytes(bytes)}`,
    `the same already: ${formatCount(unchanged)}`,
  ]
  if (kept > 0) facts.push(`kept as they are: ${formatCount(kept)}`)
  if (deleted > 0) facts.push(`deleted: ${formatCount(deleted)}`)
  if (refused > 0) facts.push(`refused: ${formatCount(refused)}, listed in the plan above`)
  if (damaged.length > 0) facts.push(`damaged: ${formatNumberOf(damaged.length, 'file')}, not restored`)
  if (warnings > 0) facts.push(`warnings: ${formatCount(warnings)}, all in the log of run ${id}`)
  if (undo) facts.push(`to take it back: holdfast undo ${id}`)
  facts.push(`took: ${formatDuration(durationMs)}${rate}`)
  out.outcome(id, facts)
}
