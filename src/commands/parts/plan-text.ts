import { displayPath, printable, rootPath } from '../../model/path.ts'
import type { ChosenBackups, PlannedRestore } from '../../model/planned-restore.ts'
import type { PlanCounts, RefuseReason } from '../../model/restore.ts'
import { formatBytes, formatCount, formatDuration, formatNumberOf } from '../../model/units.ts'
import { pathFields } from './fields.ts'

/** A restore's plan for people and for scripts. */

const sampleLimit = 10 // the whole plan and the question below it fit on 24 lines
const refusedLimit = 20

const countTexts: Record<keyof PlanCounts, string> = {
  create: 'created',
  overwrite: 'overwritten',
  metadata: 'given back their attributes alone',
  unchanged: 'the same already',
  keep: 'kept as they are on disk',
  delete: 'deleted',
  refuse: 'refused',
}

const refuseTexts: Record<RefuseReason, string> = {
  'escapes-target': 'it would leave the target (..)',
  'absolute-path': 'it is an absolute path',
  'malformed-path': 'it is no valid path',
  'parent-is-symlink': 'a parent of it on disk is a symbolic link',
  'parent-is-not-a-directory': 'a parent of it on disk is not a directory',
  'below-a-link-of-this-archive': 'it lies below a symbolic link of the same backup',
  'type-conflict': 'something of another type stands there',
  'duplicate-path': 'the backup names it twice',
  'case-clash': 'it differs from another name only in case, which this file system cannot hold',
  'inside-repository': 'it lies in the repository',
  'needs-root': 'only root can make it',
  'link-target-missing': 'what it links to is not restored',
  'unknown-type': 'it is of a type this version does not know',
  'changed-since-the-plan': 'it has changed since the plan was made',
  'data-missing': 'its content is not in the backup',
  'others-missing': 'it is written last, and not all others were restored',
}

export function planFacts(plan: PlannedRestore): string[] {
  const facts = [
    `plan ${plan.id}`,
    ...(plan.undoes ? [`takes back: ${plan.undoes}`] : backupFacts(plan)),
    ...(plan.resumes ? [`goes on with: ${plan.resumes}, which was interrupted`] : []),
    ...(plan.undoes
      ? []
      : [`target: ${printable(plan.target)}${plan.inPlace ? ' (in place)' : ''}`, `on conflict: ${plan.conflict}`]),
  ]
  for (const { kind, from, to, name } of plan.owners ?? []) {
    const number = name === String(to) ? '' : ` (${to})`
    facts.push(`${kind} ${printable(String(from))} becomes ${printable(name)}${number}`)
  }
  if (plan.choices.size > 0)
    facts.push(`decided by hand: ${formatNumberOf(plan.choices.size, 'path')} and what lies below`)
  const counts = Object.entries(countTexts) as [keyof PlanCounts, string][] // the keys of a Record of these keys
  const widest = Math.max(...counts.map(([kind]) => formatCount(plan.counts[kind]).length))
  for (const [kind, text] of counts) {
    if (plan.counts[kind] > 0 || kind === 'create' || kind === 'overwrite')
      facts.push(`  ${formatCount(plan.counts[kind]).padStart(widest)} ${text}`)
  }
  facts.push(`to write: ${formatBytes(plan.bytesToWrite)}`)
  const sample = plan.sample.slice(0, sampleLimit)
  const verbs = Math.max(0, ...sample.map(({ kind }) => kind.length))
  for (const { kind, path, bytes } of sample)
    facts.push(`  ${printable(kind).padEnd(verbs)}  ${displayPath(path)}${bytes > 0 ? `  ${formatBytes(bytes)}` : ''}`)
  const changes = plan.counts.create + plan.counts.overwrite + plan.counts.metadata + plan.counts.delete
  if (sample.length > 0 && changes > sample.length) facts.push(`  and ${formatCount(changes - sample.length)} more`)
  const refused = plan.refused.slice(0, refusedLimit)
  for (const { path, because } of refused) facts.push(`refused: ${displayPath(path)}: ${refusalText(because)}`)
  const more = plan.counts.refuse - refused.length
  if (more > 0) facts.push(`refused: ${formatCount(more)} more`)
  facts.push(...savesFacts(plan))
  return facts
}

/** What is saved before anything is changed. */
function savesFacts({ saves, undoes, counts }: PlannedRestore): string[] {
  const loses = counts.overwrite + counts.metadata + counts.delete > 0
  if (saves === null || saves === undefined)
    return loses ? ['saved before: NOTHING of what is replaced or deleted; no undo can bring it back'] : []
  if (saves.entries === 0) return []
  const what = undoes ? 'that have changed since the restore' : 'that are replaced, changed or deleted'
  return [`saved before: ${formatNumberOf(saves.entries, 'path')} ${what}, ${formatBytes(saves.bytes)}`]
}

/** Which backups, and where nobody named them how far each lies from what was asked for. */
function backupFacts({ backup, chosen, services }: PlannedRestore): string[] {
  if (chosen === undefined || chosen === null)
    return [`backup: ${backup}, services: ${services.map(printable).join(', ')}`]
  const { by, text, path, backups } = chosen
  const widest = Math.max(...backups.map(({ service }) => printable(service).length))
  const asked = by === 'at' ? `as of: ${text}` : `the last backup that holds ${displayPath(path ?? rootPath)}:`
  return [
    asked,
    ...backups.map(({ service, backup: id, distanceMs }) => {
      const far =
        by === 'last'
          ? `${formatDuration(distanceMs)} old`
          : distanceMs === 0
            ? 'of just then'
            : `${formatDuration(distanceMs)} before`
      return `  ${printable(service).padEnd(widest)}  ${id}  ${far}`
    }),
  ]
}

function chosenFields({ by, at, text, path, backups, lacking, passedOver }: ChosenBackups): object {
  const asked = by === 'at' ? { at, asked: text } : { last: pathFields(path ?? rootPath), at }
  return { ...asked, backups, lacking, passedOver }
}

function refusalText(because: string): string {
  return because in refuseTexts ? refuseTexts[because as RefuseReason] : printable(because) // the line above is the proof
}

export function planFields(plan: PlannedRestore): object {
  const { id, hash, backup, services, target, inPlace, conflict, counts, bytesToWrite, notices } = plan
  const refused = plan.refused.map(({ path, because }) => ({ ...pathFields(path), because }))
  const told = { id, hash, target, counts, bytesToWrite, refused, backup, services, inPlace, conflict }
  return {
    ...told,
    ...(plan.undoes ? { undoes: plan.undoes } : {}),
    ...(plan.resumes ? { resumes: plan.resumes } : {}),
    saves: plan.saves ?? null,
    ...(plan.chosen ? chosenFields(plan.chosen) : {}),
    ...(plan.owners && plan.owners.length > 0 ? { owners: plan.owners } : {}),
    ...(plan.choices.size === 0 ? {} : { choices: choiceFields(plan.choices) }),
    notices,
  }
}

function choiceFields(choices: PlannedRestore['choices']): object[] {
  return [...choices].map(([path, choice]) => ({ ...pathFields(path), choice }))
}
