import type { BytePath } from '../../model/path.ts'
import type { PlannedStep, RestoreOptions } from '../../model/planned-restore.ts'
import type { ConflictMode, PathChoice } from '../../model/restore.ts'
import type { Trouble } from '../store/loaded.ts'
import { shortId } from './ids.ts'
import { allMarked, isMarked, type Marks, marksFor, scopeChoices } from './restore-scope.ts'

/** What a person has said so far on the way to a restore. Pure. */

export const wizardSteps = ['backup', 'scope', 'target', 'plan', 'confirm'] as const
export type WizardStep = (typeof wizardSteps)[number]

export interface Wizard {
  readonly at: WizardStep
  /** Steps that were seen; they are kept as they were left. */
  readonly seen: ReadonlySet<WizardStep>
  readonly backup: string
  /** Empty is all. */
  readonly services: readonly string[]
  readonly marks: Marks
  readonly target: Target
  /** What `target.directory` was proposed to be. */
  readonly proposed: string
  readonly decisions: Decisions
  /** Why nothing was started; null where nothing was tried since the plan was made. */
  readonly refusal: Trouble | null
  /** The last plan that was kept in a file; null where none was. */
  readonly kept: KeptPlan | null
}

export interface KeptPlan {
  readonly plan: string
  readonly file: string
}

export interface Target {
  /** As typed; `~` is the operator's own directory. */
  readonly directory: string
  readonly isInPlace: boolean
  /** What becomes of what is there, in place. */
  readonly conflict: ConflictMode
}

/** By path: what was chosen for it, and the step it had before. */
export type Decisions = ReadonlyMap<BytePath, Decision>

export interface Decision {
  readonly choice: PathChoice
  readonly step: PlannedStep
}

export type WizardChange =
  | { readonly kind: 'to'; readonly step: WizardStep }
  | { readonly kind: 'choose'; readonly backup: string; readonly has: readonly string[]; readonly proposed: string }
  | { readonly kind: 'scope'; readonly services: readonly string[]; readonly marks: Marks }
  | { readonly kind: 'target'; readonly target: Target }
  /** Null takes back what was chosen. */
  | { readonly kind: 'decide'; readonly steps: readonly PlannedStep[]; readonly choice: PathChoice | null }
  | { readonly kind: 'refuse'; readonly trouble: Trouble }
  | { readonly kind: 'kept'; readonly kept: KeptPlan }

export interface WizardBegin {
  readonly backup: string
  readonly services?: readonly string[]
  readonly paths?: readonly BytePath[]
  readonly proposed: string
}

/** Opened about one backup: it begins with the scope. */
export function beginWizard({ backup, services, paths, proposed }: WizardBegin): Wizard {
  return {
    at: 'scope',
    seen: new Set(['scope']),
    backup,
    services: services ?? [],
    marks: paths === undefined ? allMarked : marksFor(paths),
    target: { directory: proposed, isInPlace: false, conflict: 'overwrite' },
    proposed,
    decisions: new Map(),
    refusal: null,
    kept: null,
  }
}

export function stepWizard(wizard: Wizard, change: WizardChange): Wizard {
  switch (change.kind) {
    case 'to':
      return {
        ...wizard,
        at: change.step,
        seen: new Set([...wizard.seen, change.step]),
        // Whoever confirms a plan once more has read why the last was refused.
        refusal: change.step === 'confirm' ? null : wizard.refusal,
      }
    case 'choose': {
      const next = stepWizard(wizard, { kind: 'to', step: 'scope' })
      if (change.backup === wizard.backup) return next
      const { target, proposed } = wizard
      const services = wizard.services.filter((name) => change.has.includes(name))
      return {
        ...next,
        backup: change.backup,
        services,
        target: target.directory === proposed ? { ...target, directory: change.proposed } : target,
        proposed: change.proposed,
        // They were about what the other one holds.
        decisions: new Map(),
        refusal: null,
      }
    }
    case 'scope':
      return { ...wizard, services: change.services, marks: change.marks }
    case 'target': {
      const { directory, isInPlace } = wizard.target
      // They were about what stands somewhere else.
      const isElsewhere = change.target.directory !== directory || change.target.isInPlace !== isInPlace
      return { ...wizard, target: change.target, decisions: isElsewhere ? new Map() : wizard.decisions }
    }
    case 'decide': {
      const decisions = new Map(wizard.decisions)
      for (const step of change.steps) {
        const before = decisions.get(step.path)
        if (change.choice === null) decisions.delete(step.path)
        else decisions.set(step.path, { choice: change.choice, step: before?.step ?? step })
      }
      return { ...wizard, decisions, refusal: null }
    }
    case 'refuse':
      return { ...wizard, refusal: change.trouble, at: 'plan' }
    case 'kept':
      return { ...wizard, kept: change.kept }
  }
}

/** The step before; null where there is none. */
export function stepBefore(step: WizardStep): WizardStep | null {
  return wizardSteps[wizardSteps.indexOf(step) - 1] ?? null
}

/** Whether leaving would lose anything somebody has said. */
export function hasAnswers(wizard: Wizard, began: Wizard): boolean {
  const { seen, marks, services, backup } = wizard
  return seen.has('target') || marks !== began.marks || services !== began.services || backup !== began.backup
}

/** All of a backup's services are none in particular. */
export function someServices(services: readonly string[], has: readonly string[] | null): readonly string[] {
  return has?.every((name) => services.includes(name)) === true ? [] : services
}

/** What is to be planned. A path that is not marked any more stays out, whatever was chosen for it. */
export function restoreRequest(
  wizard: Pick<Wizard, 'backup' | 'services' | 'marks' | 'target' | 'decisions'>,
  home: string | undefined,
): RestoreOptions {
  const { backup, services, marks, target, decisions } = wizard
  const choices = new Map(scopeChoices(marks))
  for (const [path, { choice }] of decisions) if (isMarked(marks, path)) choices.set(path, choice)
  return {
    source: { kind: 'backup', backup, services, paths: [] },
    target: target.isInPlace ? { kind: 'in-place' } : { kind: 'directory', path: withHome(target.directory, home) },
    // Into a new directory nothing is ever written over, even if something came there meanwhile.
    conflict: target.isInPlace ? target.conflict : 'keep',
    choices,
    workers: null,
  }
}

/**
 * `~/restore-7f3k-0314`: the backup and the minute, no longer than must be, as it is to be typed; below the working
 * directory where nobody is at home.
 */
export function proposedDirectory(backup: string, now: number, home: string | undefined): string {
  const [hour, minute] = new Date(now).toISOString().slice(11, 16).split(':')
  return `${home === undefined ? '' : '~/'}restore-${shortId(backup)}-${hour}${minute}`
}

/** Why the text cannot name the new directory; null where it can. */
export function whyNoDirectory(text: string, home: string | undefined): string | null {
  if (text === '') return 'name a directory'
  if (text.startsWith('~') && withHome(text, home) === text) return 'write the directory out: only ~/ is known here'
  const name = text.split('/').findLast((part) => part !== '')
  if (name === undefined || name === '.' || name === '..') return 'name the new directory itself, without . and ..'
  return null
}

export function withHome(directory: string, home: string | undefined): string {
  return home !== undefined && /^~(\/|$)/.test(directory) ? home + directory.slice(1) : directory
}

/** What must be typed before anything is written: the host in place, else the last component of the new directory. */
export function nameToType({ isInPlace, directory }: Target, host: string): string {
  return isInPlace ? host : (directory.split('/').findLast((part) => part !== '') ?? directory)
}
