import type { CatalogEntry } from '../../model/backup.ts'
import type { PlannedRestore } from '../../model/planned-restore.ts'
import { formatBytes, formatCount, formatNumberOf } from '../../model/units.ts'
import type { State } from './glyphs.ts'
import { agoText, momentText } from './ids.ts'
import { plainMessage, plainText } from './plain.ts'

/** What a planned restore means for the machine it runs on, and what keeps it from being run. Pure. */

export interface Sentence {
  readonly state: State
  readonly text: string
}

export interface ImpactFacts {
  readonly plan: Pick<PlannedRestore, 'counts' | 'bytesToWrite' | 'inPlace' | 'target' | 'notices' | 'saves'>
  readonly entry: CatalogEntry | null
  readonly space: PlannedRestore['space']
  readonly blocked: number
  readonly isPartial: boolean
  readonly never: number
  readonly lost: number
  readonly host: string
  readonly now: number
}

/** Why it cannot be confirmed; empty where it can. The first is the most important. */
export function obstacles({ plan, space, blocked, isPartial }: ImpactFacts): readonly Sentence[] {
  const { create, overwrite, metadata, delete: deleted } = plan.counts
  const short = space.filter(({ neededBytes, freeBytes }) => freeBytes !== null && neededBytes > freeBytes)
  return [
    ...(blocked > 0
      ? [
          failed(
            `${isPartial ? 'more than ' : ''}${formatNumberOf(blocked, 'entry', 'entries')} blocked: Enter decides, F leaves all out`,
          ),
        ]
      : []),
    ...short.map(({ at, neededBytes, freeBytes }) =>
      failed(
        `no room at ${plainMessage(at)}: it needs ${formatBytes(neededBytes)}, and ${formatBytes(freeBytes!)} are free`,
      ),
    ),
    ...(create + overwrite + metadata + deleted === 0
      ? [failed('nothing would be written: there is nothing to restore here')]
      : []),
  ]
}

/** The most important first. */
export function impactOf(facts: ImpactFacts): readonly Sentence[] {
  const { plan, entry, host, now } = facts
  const { counts, bytesToWrite, inPlace, notices, saves } = plan
  const saved = saves === null || saves === undefined ? 'NOT saved before: no undo brings it back' : 'saved before'
  const machine = plainText(host)
  const size = formatBytes(bytesToWrite)
  const told: Sentence[] = []
  if (!inPlace)
    told.push(
      ok(
        `Creates ${formatNumberOf(counts.create, 'entry', 'entries')}, ${size}, in a new directory; nothing that is on ${machine} now is touched.`,
      ),
    )
  else {
    if (counts.overwrite > 0)
      told.push(
        warning(`Overwrites ${formatNumberOf(counts.overwrite, 'file')} on ${machine}, ${saved}.`),
        warning(
          `Loses what was changed there ${entry === null ? 'since the backup' : `after ${momentText(entry.createdAt)} (${agoText(entry.createdAt, now)})`}.`,
        ),
      )
    else told.push(ok(`Overwrites no file on ${machine}.`))
    if (counts.create > 0)
      told.push(
        ok(
          `Creates ${formatNumberOf(counts.create, 'entry', 'entries')} that ${counts.create === 1 ? 'is' : 'are'} not there.`,
        ),
      )
    if (counts.metadata > 0)
      told.push(
        warning(
          `Sets owner, mode and times of ${formatNumberOf(counts.metadata, 'entry', 'entries')} as they were, ${saved}.`,
        ),
      )
    if (counts.delete > 0)
      told.push(
        warning(
          `Deletes ${formatNumberOf(counts.delete, 'entry', 'entries')} on ${machine} that the backup does not have, ${saved}.`,
        ),
      )
    if (saves !== null && saves !== undefined && saves.entries > 0)
      told.push(
        ok(
          `Saves ${formatNumberOf(saves.entries, 'path')}, ${formatBytes(saves.bytes)}, first; holdfast undo takes it all back.`,
        ),
      )
    told.push(warning('Stops nothing: end what writes there first.'))
  }
  if (facts.never > 0)
    told.push(
      warning(
        `${formatNumberOf(facts.never, 'name')} in the backup cannot be used safely; whatever is chosen, they are not restored.`,
      ),
    )
  if (facts.lost > 0)
    told.push(
      warning(
        `${formatNumberOf(facts.lost, 'entry', 'entries')} of the backup cannot even be named, and are not restored.`,
      ),
    )
  if (counts.keep > 0) told.push(ok(`${formatCount(counts.keep)} stay as they are on disk.`))
  for (const notice of notices) told.push(warning(plainMessage(notice)))
  return told
}

/** Three lines for who is about to say yes. */
export function summaryOf(facts: ImpactFacts & { readonly backup: string; readonly scope: string }): readonly string[] {
  const { plan, backup, scope, entry, host, now } = facts
  const { counts, bytesToWrite, inPlace, target } = plan
  const age = entry === null ? '' : `, made ${agoText(entry.createdAt, now)}`
  const left = counts.keep + counts.refuse + counts.unchanged
  return [
    `From ${plainText(backup)}${age}: ${scope}`,
    inPlace
      ? `Into ${plainText(host)}, IN PLACE, where it came from`
      : `Into the new directory ${plainMessage(target)} on ${plainText(host)}`,
    `Creates ${formatCount(counts.create)}, overwrites ${formatCount(counts.overwrite)}, writes ${formatBytes(bytesToWrite)}; leaves ${formatCount(left)} as they are`,
  ]
}

function ok(text: string): Sentence {
  return { state: 'ok', text }
}

function warning(text: string): Sentence {
  return { state: 'warning', text }
}

function failed(text: string): Sentence {
  return { state: 'failed', text }
}
