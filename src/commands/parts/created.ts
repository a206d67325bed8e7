import type { CreateOutcome } from '../../model/create.ts'
import { printable } from '../../model/path.ts'
import { formatBytes, formatCount, formatDuration } from '../../model/units.ts'
import { backupFields } from './fields.ts'
import type { Output } from './output.ts'

/** What a create has made; `more` stands beside it in the JSON. Gives its exit code. */
export function tellCreated(out: Output, command: string, outcome: CreateOutcome, more: object = {}): number {
  const { backup, bytes, storedBytes, durationMs, warnings, skipped } = outcome
  out.result(command, {
    ...more,
    backup: { ...backupFields(backup), bytes, storedBytes, durationMs, warnings, skipped },
    run: outcome.run,
    exitCode: outcome.exitCode,
  })
  const rate = durationMs > 0 ? `, ${formatBytes((bytes * 1000) / durationMs)}/s` : ''
  const facts = [
    `backup ${backup.id}`,
    `services: ${backup.services.map(printable).join(', ')}`,
    `files: ${formatCount(backup.files ?? 0)}, ${formatBytes(bytes)}`,
    `stored: ${formatBytes(storedBytes)}${backup.encrypted ? ', encrypted' : ', not encrypted'}`,
    `took: ${formatDuration(durationMs)}${rate}`,
  ]
  if (backup.reusedBytes) facts.push(`reused: ${formatBytes(backup.reusedBytes)}`)
  const left = Object.entries(skipped).filter(([, count]) => count > 0)
  if (left.length > 0)
    facts.push(`left out: ${left.map(([why, count]) => `${formatCount(count)} ${printable(why)}`).join(', ')}`)
  if (warnings > 0) facts.push(`warnings: ${formatCount(warnings)}, all in the log of run ${outcome.run}`)
  out.outcome(backup.id, facts)
  return outcome.exitCode
}
