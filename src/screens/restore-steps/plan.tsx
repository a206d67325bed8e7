import { type ReactNode, useMemo, useState } from 'react'
import type { Browser } from '../../model/browse.ts'
import { isWithin } from '../../model/path.ts'
import type { PlannedStep } from '../../model/planned-restore.ts'
import type { PathChoice } from '../../model/restore.ts'
import { formatBytes, formatNumberOf } from '../../model/units.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { Lines } from '../parts/lines.tsx'
import { NotRead } from '../parts/not-read.tsx'
import { TextOverlay } from '../parts/text-overlay.tsx'
import { exactly, troubleLines } from '../text/boxes.ts'
import { wrap } from '../text/cut.ts'
import { type Glyphs, lookOf } from '../text/glyphs.ts'
import { shortId } from '../text/ids.ts'
import { fitLine, type Line, lineOf, span } from '../text/line.ts'
import { plainMessage, plainPath, plainText } from '../text/plain.ts'
import { planLayout } from '../text/plan-layout.ts'
import { type ImpactFacts, impactOf, obstacles, type Sentence } from '../text/restore-impact.ts'
import { countLines, countPieces, type FromInto, fromIntoBoxes, fromIntoLines } from '../text/restore-lines.ts'
import { firstView, type PlanRow, type PlanView } from '../text/restore-rows.ts'
import type { Wizard } from '../text/restore-wizard.ts'
import { sidesLines } from '../text/restore-words.ts'
import { ExportDialog } from './export-dialog.tsx'
import { usePlanTable } from './plan-table.tsx'
import { sentenceLines } from './target.tsx'
import type { Planned, Planning } from './use-plan.ts'
import { useStored } from './use-stored.ts'

export const planKeys = {
  confirm: { keys: ['C'], label: 'confirm', about: 'go on to the confirmation of this plan', danger: 2, hint: 8 },
  leaveOut: { keys: ['F'], label: 'fix all', about: 'leave out everything that is blocked', hint: 7 },
  full: { keys: ['i'], label: 'in full', about: 'the plan in words: all that it means, and its notices', hint: 6 },
  anew: { keys: ['p'], label: 'plan anew', about: 'look at the backup and the disk once more', hint: 2 },
  save: { keys: ['e'], label: 'export', about: 'keep the plan in a file, for the command line', danger: 1, hint: 3 },
} as const satisfies KeyTable

export interface PlanProps {
  readonly wizard: Wizard
  readonly planning: Planning
  /** What the plan means, of the plan that is there; null before the first. */
  readonly facts: ImpactFacts | null
  readonly scope: string
  readonly browser: Browser | null
  readonly rows: number
  decide(steps: readonly PlannedStep[], choice: PathChoice | null): void
  /** The plan is in this file now. */
  keep(plan: string, file: string): void
  confirm(): void
}

/** The rehearsal: what would be done to every path, what that means, and what must be decided before it can be. */
export function PlanStep(props: PlanProps): ReactNode {
  const { wizard, planning, facts, rows } = props
  const { planned, trouble } = planning
  if (planned !== null && facts !== null) return <Rehearsal {...props} planned={planned} facts={facts} />
  return (
    <>
      <AnewKey anew={planning.anew} />
      <NotRead
        trouble={trouble}
        reading={`Planning: reading ${wizard.backup}, and looking at what is there. Nothing is written.`}
        meanwhile="Esc goes back, and stops it."
        next="p plans anew, Esc goes back"
        rows={rows}
      />
    </>
  )
}

function AnewKey({ anew }: { anew(): void }): ReactNode {
  useKeys('screen', 'Plan', planKeys, { confirm: null, leaveOut: null, full: null, anew, save: null })
  return null
}

interface RehearsalProps extends PlanProps {
  readonly planned: Planned
  readonly facts: ImpactFacts
}

function Rehearsal(props: RehearsalProps): ReactNode {
  const { wizard, planning, planned, facts, scope, browser, rows, decide, keep, confirm } = props
  const { glyphs, facts: machine } = useConsole()
  const { columns } = useArea()
  const { plan, survey } = planned
  const [chosen, setView] = useState<PlanView | null>(null)
  const view = chosen ?? firstView(plan.counts, wizard.decisions.size)
  const [open, setOpen] = useState<'full' | 'save' | null>(null)
  const against = useMemo(() => obstacles(facts), [facts])
  const layout = planLayout(columns, rows)
  const { row, isCurrent, table, over } = usePlanTable({
    planned,
    view,
    decisions: wizard.decisions,
    marks: wizard.marks,
    rows: layout.table,
    hasTitles: layout.hasTitles,
    setView,
    decide,
  })
  const isReady = planning.isCurrent && isCurrent && against.length === 0
  useKeys('screen', 'Plan', planKeys, {
    confirm: isReady && confirm,
    leaveOut: survey.blocked.length > 0 && (() => decide(topmost(survey.blocked), 'skip')),
    full: () => setOpen('full'),
    anew: planning.anew,
    save: planning.isCurrent && (() => setOpen('save')),
  })
  const stored = useStored(browser, plan.services, row?.step ?? null)
  const fromInto: FromInto = {
    backup: plan.backup,
    entry: facts.entry,
    plan,
    space: survey.space,
    scope,
    host: facts.host,
    now: facts.now,
  }
  const counts = { counts: plan.counts, bytesToWrite: plan.bytesToWrite, ...survey, blocked: survey.blocked.length }
  const top = [
    ...(layout.fromInto === 5
      ? fromIntoBoxes(fromInto, columns, glyphs)
      : fromIntoLines(fromInto, columns, layout.fromInto, glyphs)),
    planRule(planning, planned, columns, glyphs),
    ...(layout.counts === 3 ? countLines(counts, columns, glyphs) : [countPieces(counts, columns, glyphs)]),
  ]
  const status = statusOf(planning, isCurrent, against, machine.readOnly)
  const sides =
    row === null ? [] : sidesLines(row.step, stored, glyphs).map((line) => fitLine(line, columns - 1, glyphs.cut))
  const impact = impactLines(wizard, facts, against, status, columns, layout.impact, glyphs)
  return (
    <>
      <Lines lines={top} />
      {table}
      {layout.rules > 0 && <Lines lines={[pathLine(row, plan.inPlace, columns, glyphs)]} />}
      <Lines lines={exactly(sides, layout.preview)} />
      {layout.rules > 1 && <Lines lines={[ruleLine(lineOf('What it means'), 'i in full', columns, glyphs)]} />}
      <Lines lines={impact} />
      {over}
      {open === 'full' && (
        <TextOverlay
          title="The plan in full"
          columns={96}
          lines={(width) => fullLines(props, against, status, width, glyphs)}
          onClose={() => setOpen(null)}
        />
      )}
      {open === 'save' && (
        <ExportDialog
          plan={plan}
          target={wizard.target}
          onSaved={(file) => keep(plan.id, file)}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  )
}

function planRule({ isPlanning, isExpired }: Planning, { plan }: Planned, columns: number, glyphs: Glyphs): Line {
  const until = plan.expiresAt.slice(11, 16)
  const title = isPlanning
    ? lineOf(span(`${glyphs.running} planning anew`, 'running'))
    : isExpired
      ? lineOf(span(`${glyphs.warning} the plan has run out`, 'warning'))
      : lineOf('Plan, dry run')
  return ruleLine(
    title,
    `${plainText(shortId(plan.id))} ${glyphs.dot} ${isExpired ? 'expired' : 'expires'} ${until}Z`,
    columns,
    glyphs,
  )
}

/** Without a rule behind it, which would be sent anew with every key. */
function pathLine(row: PlanRow | null, inPlace: boolean, columns: number, glyphs: Glyphs): Line {
  if (row === null) return []
  return fitLine(
    lineOf(span(`${glyphs.rule.repeat(2)} `, 'dim'), `${inPlace ? '/' : ''}${plainPath(row.step.path)}`),
    columns - 1,
    glyphs.cut,
  )
}

/** What can be done now, or why nothing can. */
function statusOf(planning: Planning, isShown: boolean, against: readonly Sentence[], readOnly: boolean): Sentence {
  const { isPlanning, isExpired, trouble } = planning
  if (trouble !== null)
    return {
      state: 'failed',
      text: `planning failed: ${plainMessage(trouble.message)}; p tries again, and until then nothing can be confirmed`,
    }
  if (isPlanning || !isShown) return { state: 'running', text: 'planning anew; nothing is written' }
  if (isExpired) return { state: 'warning', text: 'the 15 minutes of this plan are over: p plans anew' }
  const [first, ...others] = against
  if (first !== undefined)
    return others.length === 0
      ? first
      : { ...first, text: `${first.text} (and ${formatNumberOf(others.length, 'more obstacle')}: i)` }
  if (readOnly) return { state: 'ok', text: 'read-only: the rehearsal ends here' }
  return { state: 'ok', text: 'ready: C goes on to the confirmation' }
}

/** Why the last start came to nothing, else what it means; the last line says what can be done now. */
function impactLines(
  { refusal }: Wizard,
  facts: ImpactFacts,
  against: readonly Sentence[],
  status: Sentence,
  columns: number,
  rows: number,
  glyphs: Glyphs,
): readonly Line[] {
  const sentences: readonly Sentence[] =
    refusal === null
      ? [...against.slice(1), ...impactOf(facts)]
      : [{ state: 'failed', text: `NOT STARTED, nothing was written: ${plainMessage(refusal.message)}` }]
  const last = [
    fitLine(
      lineOf(span(` ${glyphs[status.state].padEnd(2)} ${status.text}`, lookOf(status.state))),
      columns - 1,
      glyphs.cut,
    ),
  ]
  const lines = sentences.flatMap((sentence) => sentenceLines(sentence, columns, glyphs))
  const room = rows - last.length
  const shown =
    lines.length <= room
      ? lines
      : [...lines.slice(0, room - 1), lineOf(span(`    ${lines.length - room + 1} more lines: i`, 'dim'))]
  if (room > 1) return [...exactly(shown, room), ...last]
  return [
    ...sentences
      .slice(0, 1)
      .map(({ state, text }) =>
        fitLine(lineOf(span(` ${glyphs[state].padEnd(2)} ${text}`, lookOf(state))), columns - 1, glyphs.cut),
      ),
    ...last,
  ]
}

/** Blocked paths without those that lie in another one that is blocked. */
function topmost(steps: readonly PlannedStep[]): readonly PlannedStep[] {
  const found: PlannedStep[] = []
  for (const step of steps) {
    const last = found.at(-1)
    if (last === undefined || !isWithin(step.path, last.path)) found.push(step)
  }
  return found
}

function fullLines(
  { wizard, planned, facts, scope }: RehearsalProps,
  against: readonly Sentence[],
  status: Sentence,
  width: number,
  glyphs: Glyphs,
): readonly Line[] {
  const { plan, survey } = planned
  const text = (said: string): readonly Line[] => wrap(said, width).map((line) => lineOf(line))
  const sentences = (all: readonly Sentence[]): readonly Line[] =>
    all.flatMap((one) => sentenceLines(one, width, glyphs))
  const { refusal } = wizard
  return [
    ...(refusal === null ? [] : [...troubleLines(refusal, '', width, glyphs), []]),
    ...text(`From ${plainText(plan.backup)}, ${plan.services.map(plainText).join(', ')}: ${scope}`),
    ...text(
      plan.inPlace ? `Into ${plainText(facts.host)}, in place` : `Into the new directory ${plainMessage(plan.target)}`,
    ),
    ...survey.space.flatMap(({ at, neededBytes, freeBytes }) =>
      text(
        `${plainMessage(at)}: ${formatBytes(neededBytes)} needed, ${freeBytes === null ? 'nobody knows how much' : formatBytes(freeBytes)} free`,
      ),
    ),
    ...(wizard.decisions.size === 0 ? [] : text(`${formatNumberOf(wizard.decisions.size, 'path')} decided by hand`)),
    [],
    ...sentences(impactOf(facts)),
    ...(against.length === 0 ? [] : [[], ...sentences(against)]),
    [],
    ...sentences([status]),
    [],
    ...text(`plan ${plainText(plan.id)}, until ${plan.expiresAt.slice(11, 16)}Z`),
    ...text(`hash ${plan.hash}`),
  ]
}
