import type { BytePath } from '../../model/path.ts'
import type { PlannedStep, Standing } from '../../model/planned-restore.ts'
import type { PathChoice, RefuseReason } from '../../model/restore.ts'
import { formatAge, formatBytes } from '../../model/units.ts'
import type { Glyphs } from './glyphs.ts'
import { type Line, lineOf, type Span, span } from './line.ts'
import { plainPath, plainText } from './plain.ts'

/** What a step of a restore plan does, why, and what else could be done there. Pure. */

const reasons: Record<RefuseReason, string> = {
  'escapes-target': 'would leave the target (..)',
  'absolute-path': 'is an absolute path',
  'malformed-path': 'is no valid path',
  'parent-is-symlink': 'a directory above it is a symlink on disk',
  'parent-is-not-a-directory': 'what is above it on disk is no directory',
  'below-a-link-of-this-archive': 'lies below a symlink of this backup',
  'type-conflict': 'something of another type is there',
  'duplicate-path': 'the backup names it twice',
  'case-clash': 'this disk takes it for another name',
  'inside-repository': 'lies in the repository',
  'needs-root': 'only root can make it',
  'link-target-missing': 'what it links to is not restored',
  'unknown-type': 'is of a type this version does not know',
  'data-missing': 'its content cannot be read',
  'others-missing': 'written last, and others are missing',
  'changed-since-the-plan': 'has changed since the plan',
}

/** Whatever is chosen, these are never written: a name that is not safe, and the second of two alike. */
const neverWritten: ReadonlySet<string | null> = new Set<RefuseReason>([
  'escapes-target',
  'absolute-path',
  'malformed-path',
  'duplicate-path',
])

const allBelow = 'all-below'

/** Stands for a directory that something is chosen for, and for all that lies in it. */
export function wholeDirectory(path: BytePath, { action }: Pick<PlannedStep, 'action'>): PlannedStep {
  const shown = action === 'refuse' ? 'keep' : action
  return { action: shown, kind: 'keep', path, bytes: 0, as: null, because: allBelow, stored: null, standing: null }
}

/** Somebody must say what becomes of it before anything is written. */
export function isBlocked({ action, because }: PlannedStep): boolean {
  return action === 'refuse' && !neverWritten.has(because)
}

/** What can be chosen for the path of this step and means something there. */
export function choicesFor(step: PlannedStep): readonly PathChoice[] {
  switch (step.action) {
    case 'refuse': {
      if (!isBlocked(step)) return []
      // A directory cannot be written beside another name; a file can, where a directory is in its way.
      const canBeBeside = step.because === 'type-conflict' && step.stored === null
      return canBeBeside ? ['skip', 'rename'] : ['skip']
    }
    case 'overwrite':
    case 'keep':
      return ['keep', 'overwrite', 'rename', 'skip']
    case 'metadata':
      return ['keep', 'overwrite', 'skip']
    case 'create':
      return step.kind === 'write-beside' ? ['keep', 'overwrite', 'rename', 'skip'] : ['skip']
    case 'unchanged':
    case 'delete':
      return []
  }
}

const choiceWords: Record<PathChoice, string> = {
  keep: 'keep disk',
  overwrite: 'overwrite',
  rename: 'write beside',
  skip: 'leave out',
  restore: 'restore',
  'keep-newer': 'keep newer',
}

export function choiceWord(choice: PathChoice): string {
  return choiceWords[choice]
}

const choiceMeanings: Record<PathChoice, string> = {
  keep: 'keep what is on disk',
  overwrite: 'overwrite it',
  rename: 'write it beside, under a new name',
  skip: 'leave it out',
  restore: 'as the rest',
  'keep-newer': 'keep what is newer on disk',
}

export function choiceMeaning(choice: PathChoice): string {
  return choiceMeanings[choice]
}

/** `overwrite`, `keep disk`, `blocked`: what becomes of the path by this step. */
export function actionWord(step: PlannedStep): string {
  switch (step.action) {
    case 'create':
      return step.kind === 'write-beside' ? 'write beside' : 'create'
    case 'overwrite':
      return 'overwrite'
    case 'metadata':
      return 'attributes'
    case 'unchanged':
      return 'the same'
    case 'keep':
      return 'keep disk'
    case 'delete':
      return 'delete'
    case 'refuse':
      return isBlocked(step) ? 'blocked' : 'never'
  }
}

/** The mark a row begins with. */
export function actionMark(step: PlannedStep, glyphs: Glyphs): Span {
  switch (step.action) {
    case 'refuse':
      return isBlocked(step) ? span(glyphs.failed, 'failed') : span(glyphs.warning, 'warning')
    case 'overwrite':
      return newerOnDisk(step) > 0n ? span(glyphs.warning, 'warning') : span('~')
    case 'metadata':
      return span('~')
    case 'create':
      return span('+')
    case 'delete':
      return span('-', 'warning')
    case 'keep':
      return span(glyphs.skipped)
    case 'unchanged':
      return span('=', 'dim')
  }
}

/** Why it is so, in a few words. */
export function whyText(step: PlannedStep): string {
  const { action, because, standing, stored } = step
  if (because === allBelow) return 'all that lies in it'
  switch (action) {
    case 'refuse':
      return reasons[because as RefuseReason] ?? plainText(because ?? '')
    case 'keep':
      return because === 'newer' ? 'newer on disk' : 'is there already'
    case 'overwrite': {
      if (standing !== null && stored !== null && standing.type !== stored.type) return `${standing.type} on disk`
      const newer = newerOnDisk(step)
      if (newer > 0n) return `differs, disk newer by ${ageOf(newer)}`
      return newer < 0n ? `differs, disk older by ${ageOf(-newer)}` : 'differs, of the same time'
    }
    case 'metadata':
      return 'owner, mode or time differ'
    case 'create':
      return step.as === null ? '' : `as ${plainPath(step.as.slice(step.as.lastIndexOf('/') + 1) as typeof step.as)}`
    case 'unchanged':
      return 'the same already'
    case 'delete':
      return 'not in the backup'
  }
}

/** By how many nanoseconds what is on disk is newer than what the backup has; negative where it is older. */
function newerOnDisk({ stored, standing }: PlannedStep): bigint {
  return stored === null || standing === null ? 0n : standing.mtimeNs - stored.mtimeNs
}

function ageOf(ns: bigint): string {
  const age = formatAge(Number(ns / 1_000_000n))
  return age === 'now' ? '<1s' : age
}

/** Both sides of one path; two lines. */
export function sidesLines(step: PlannedStep, stored: Standing<string> | null, glyphs: Glyphs): readonly Line[] {
  const { standing, action } = step
  const nothing = action === 'refuse' ? 'not looked at' : 'nothing'
  const newer =
    stored !== null && standing !== null && stored.type === standing.type ? standing.mtimeNs - stored.mtimeNs : 0n
  return [
    lineOf(span('   backup  ', 'dim'), stored === null ? span('not read', 'dim') : sideText(stored)),
    lineOf(
      span('   disk    ', 'dim'),
      standing === null ? span(nothing, 'dim') : sideText(standing),
      ...(newer > 0n ? [span(`   ${glyphs.warning} newer by ${ageOf(newer)}`, 'warning')] : []),
    ),
  ]
}

function sideText({ type, sizeBytes, mtimeNs }: Standing<string>): string {
  const size = type === 'directory' ? '' : `  ${formatBytes(sizeBytes)}`
  return `${timeText(mtimeNs)}${size}  ${type}`
}

/** `2026-11-20 01:14:02Z`; a time no calendar has as its number of seconds. */
export function timeText(mtimeNs: bigint): string {
  const ms = Number(mtimeNs / 1_000_000n)
  if (!(Math.abs(ms) < 253_402_300_800_000)) return `${mtimeNs / 1_000_000_000n} s`
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`
}
