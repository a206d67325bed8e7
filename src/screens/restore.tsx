import { Box } from 'ink'
import { type ReactNode, useMemo, useReducer, useState } from 'react'
import type { CatalogEntry } from '../model/backup.ts'
import type { BytePath } from '../model/path.ts'
import {
  ActiveContext,
  AreaContext,
  useArea,
  useConsole,
  useIsActive,
  useLoaded,
  useMinute,
} from './house/console-context.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { ScreenArguments } from './house/screen-arguments.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { AskDialog } from './parts/confirm-dialog.tsx'
import { Lines } from './parts/lines.tsx'
import { NotRead } from './parts/not-read.tsx'
import { Choose } from './restore-steps/choose.tsx'
import { ConfirmStep } from './restore-steps/confirm.tsx'
import { PlanStep, planKeys } from './restore-steps/plan.tsx'
import { planTableKeys } from './restore-steps/plan-table.tsx'
import { Scope, scopeText } from './restore-steps/scope.tsx'
import { TargetStep } from './restore-steps/target.tsx'
import { useAmount } from './restore-steps/use-amount.ts'
import { useBrowser } from './restore-steps/use-browser.ts'
import { type Planned, usePlan } from './restore-steps/use-plan.ts'
import type { ImpactFacts } from './text/restore-impact.ts'
import { stepperLine } from './text/restore-lines.ts'
import { isNothing } from './text/restore-scope.ts'
import {
  beginWizard,
  hasAnswers,
  proposedDirectory,
  restoreRequest,
  someServices,
  stepBefore,
  stepWizard,
  type Wizard,
  type WizardChange,
  type WizardStep,
  wizardSteps,
} from './text/restore-wizard.ts'

/** Keys of every step, under those of the step itself. */
const wizardKeys = {
  back: {
    keys: ['escape', 'q', 'left', 'backspace'],
    label: 'back',
    about: 'one step back; all answers are kept',
    hint: 4,
  },
} as const satisfies KeyTable

const noPaths: readonly BytePath[] = []

function Restore({ argument }: { readonly argument: ScreenArguments['restore'] }): ReactNode {
  const { facts, glyphs, store, now: clock, back, say } = useConsole()
  const { columns, rows } = useArea()
  const now = useMinute()
  const [began] = useState(() =>
    beginWizard({ ...argument, proposed: proposedDirectory(argument.backup, clock(), facts.home) }),
  )
  const [wizard, take] = useReducer(stepWizard, began)
  const [isLeaving, setLeaving] = useState(false)
  const { at, backup, marks, target, decisions } = wizard
  const { browser, trouble } = useBrowser(backup)
  const services = useMemo(
    () => someServices(wizard.services, browser?.services.map(({ name }) => name) ?? null),
    [wizard.services, browser],
  )
  const answers = useMemo(() => ({ services, marks }), [services, marks])
  const amount = useAmount(browser, answers)
  const list = useLoaded(store.list)
  const entry = useMemo(() => list.value?.backups.find(({ id }) => id === backup) ?? null, [list.value, backup])
  const request = useMemo(
    () => restoreRequest({ backup, services, marks, target, decisions }, facts.home),
    [backup, services, marks, target, decisions, facts.home],
  )
  const ground = useMemo(() => ({ backup, services, marks, target }), [backup, services, marks, target])
  const planning = usePlan(at === 'plan' || at === 'confirm' ? request : null, ground)
  const { planned } = planning
  const impact = useMemo(() => impactFacts(planned, entry, facts.host, now), [planned, entry, facts.host, now])

  const goBack = (): void => {
    const before = stepBefore(at)
    if (before !== null) take({ kind: 'to', step: before })
    else if (facts.readOnly || !hasAnswers(wizard, began)) back()
    else setLeaving(true)
  }
  // In the form every key but Esc belongs to its fields, and that one it hands on itself.
  useKeys('screen', 'Restore', wizardKeys, { back: at !== 'target' && goBack })
  const to = (step: WizardStep) => (): void => take({ kind: 'to', step })
  const below = rows - 1
  const scope = scopeText(answers, amount)
  const stepping = { at, backup, steps: facts.readOnly ? wizardSteps.slice(0, -1) : ([...wizardSteps, 'run'] as const) }
  return (
    <>
      <Lines lines={[stepperLine(stepping, columns, glyphs)]} />
      <Step of="backup" wizard={wizard} rows={below}>
        <Choose
          backup={backup}
          services={argument.services ?? noServices}
          rows={below}
          choose={(chosen) => take(choiceOf(chosen, proposedDirectory(chosen.id, clock(), facts.home)))}
        />
      </Step>
      <Step of="scope" wizard={wizard} rows={below}>
        {browser === null ? (
          <NotRead trouble={trouble} reading="Opening the backup" next="Esc goes back" rows={below} />
        ) : (
          <Scope
            key={backup}
            browser={browser}
            answers={answers}
            shown={argument.paths ?? noPaths}
            amount={amount}
            rows={below}
            change={({ services: some, marks: marked }) => take({ kind: 'scope', services: some, marks: marked })}
            next={() => (isNothing(marks) ? say('nothing is marked: Space marks, a marks everything') : to('target')())}
          />
        )}
      </Step>
      <Step of="target" wizard={wizard} rows={below}>
        <TargetStep
          key={backup}
          target={target}
          amount={amount}
          rows={below}
          change={(next) => take({ kind: 'target', target: next })}
          next={to('plan')}
          back={goBack}
        />
      </Step>
      <Step of="plan" wizard={wizard} rows={below}>
        <PlanStep
          wizard={wizard}
          planning={planning}
          facts={impact}
          scope={scope}
          browser={browser}
          rows={below}
          decide={(steps, choice) => take({ kind: 'decide', steps, choice })}
          keep={(plan, file) => take({ kind: 'kept', kept: { plan, file } })}
          confirm={to('confirm')}
        />
      </Step>
      {at === 'confirm' && planned !== null && impact !== null && (
        <ConfirmStep
          wizard={wizard}
          services={services}
          planned={planned}
          isCurrent={planning.isCurrent}
          facts={impact}
          scope={scope}
          rows={below}
          refuse={(why) => {
            take({ kind: 'refuse', trouble: why })
            planning.anew()
          }}
        />
      )}
      {isLeaving && (
        <AskDialog
          title="Leave this restore?"
          facts={['Nothing was written. What was chosen here is forgotten.']}
          command={null}
          verb="leave"
          onCancel={() => setLeaving(false)}
          onYes={back}
        />
      )}
    </>
  )
}

const noServices: readonly string[] = []

/** A step that was seen stays as it was left; only the present one is drawn, and hears keys. */
function Step({
  of,
  wizard: { at, seen },
  rows,
  children,
}: {
  readonly of: WizardStep
  readonly wizard: Wizard
  readonly rows: number
  readonly children: ReactNode
}): ReactNode {
  const isActive = useIsActive()
  const { columns } = useArea()
  const area = useMemo(() => ({ columns, rows }), [columns, rows])
  if (!seen.has(of)) return null
  return (
    <ActiveContext value={isActive && at === of}>
      <AreaContext value={area}>
        <Box
          display={at === of ? 'flex' : 'none'}
          width={columns}
          height={rows}
          flexDirection="column"
          overflow="hidden"
        >
          {children}
        </Box>
      </AreaContext>
    </ActiveContext>
  )
}

function choiceOf({ id, services }: CatalogEntry, proposed: string): WizardChange {
  return { kind: 'choose', backup: id, has: services, proposed }
}

function impactFacts(
  planned: Planned | null,
  entry: CatalogEntry | null,
  host: string,
  now: number,
): ImpactFacts | null {
  if (planned === null) return null
  const { plan, survey } = planned
  const { blocked, isPartial, never, lost, space } = survey
  return { plan, entry, space, blocked: blocked.length, isPartial, never, lost, host, now }
}

export const restore: ScreenSpec<'restore'> = {
  id: 'restore',
  title: 'Restore',
  digit: null,
  keys: { ...planKeys, ...planTableKeys },
  keeps: true,
  Screen: Restore,
}
