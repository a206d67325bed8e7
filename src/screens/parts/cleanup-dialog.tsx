import { type ReactNode, useEffect, useState } from 'react'
import type { CleanupRules, PlannedCleanup } from '../../model/cleanup.ts'
import type { RetentionDecision, RetentionPolicy } from '../../model/retention.ts'
import { formatBytes, formatCount, formatNumberOf } from '../../model/units.ts'
import { useConsole } from '../house/console-context.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import { wrap } from '../text/cut.ts'
import { momentText } from '../text/ids.ts'
import { lineOf } from '../text/line.ts'
import { plainText } from '../text/plain.ts'
import { cleanupWords } from '../text/policy-words.ts'
import { commandText } from '../text/shell.ts'
import { AskDialog, TypeNameDialog } from './confirm-dialog.tsx'
import { TextOverlay } from './text-overlay.tsx'
import { TroubleOverlay } from './trouble-overlay.tsx'
import { useStart } from './use-start.tsx'

/** Of what goes so many are named, the first to go first. */
const named = 4

/** Shows what a cleanup would delete now and mark for later, and does exactly that once the host's name was typed. */
export function CleanupDialog({
  rules,
  policy,
  onClose,
}: {
  readonly rules: CleanupRules
  /** As the screen shows it. */
  readonly policy: RetentionPolicy
  onClose(): void
}): ReactNode {
  const { engine, facts } = useConsole()
  const [planned, setPlanned] = useState<PlannedCleanup | null>(null)
  const [trouble, setTrouble] = useState<Trouble | null>(null)
  const { start, shown } = useStart(onClose)
  // Of the first frame: a dialog keeps what it was opened about.
  const [asked] = useState(rules)
  useEffect(() => {
    engine.planCleanup(asked).then(setPlanned, (error: unknown) => setTrouble(troubleOf(error, 'planning the cleanup')))
  }, [engine, asked])
  if (trouble !== null) return <TroubleOverlay trouble={trouble} onClose={onClose} />
  if (shown !== null) return shown
  if (planned === null) return null
  const { plan, freedBytes } = planned
  const words = cleanupWords(asked, policy)
  const command = words === null ? null : commandText(facts, ['cleanup', ...words])
  const begin = (): void => start({ kind: 'cleanup', order: { rules: asked, only: plan.delete } })
  const common = { command, onCancel: onClose }
  const later = laterFacts(planned)
  if (plan.delete.length > 0)
    return (
      <TypeNameDialog
        {...common}
        title={`Delete ${formatNumberOf(plan.delete.length, 'backup')}?`}
        facts={[
          ...goingFacts(planned),
          `They are gone for good, and ${formatBytes(freedBytes)} are free.`,
          ...later,
          ...planned.notices.map(plainText),
        ]}
        verb={`delete ${plan.delete.length === 1 ? 'it' : 'them'}`}
        name={facts.host}
        nameOf="host"
        onYes={begin}
      />
    )
  if (later.length > 0)
    return (
      <AskDialog
        {...common}
        title="Nothing goes now. Mark what goes later?"
        facts={later}
        verb="mark it"
        onYes={begin}
      />
    )
  const nothing = (columns: number) => wrap(plainText(planned.policy), columns).map((text) => lineOf(text))
  return <TextOverlay title="Nothing goes" lines={nothing} onClose={onClose} />
}

function goingFacts({ plan, decisions }: PlannedCleanup): readonly string[] {
  const known = new Map(decisions.map((decision) => [decision.backup, decision]))
  const lines = plan.delete.slice(0, named).map((id) => `${id}  ${reasonsOf(known.get(id))}`)
  const more = plan.delete.length - named
  return more > 0 ? [...lines, `and ${formatCount(more)} more`] : lines
}

function reasonsOf(decision: RetentionDecision | undefined): string {
  return decision?.reasons.map(plainText).join('; ') ?? ''
}

function laterFacts({ plan, decisions }: PlannedCleanup): readonly string[] {
  const facts: string[] = []
  if (plan.mark.length > 0) {
    const marked = new Set(plan.mark)
    const first = decisions.reduce(
      (least, { backup, expiresAt }) => (marked.has(backup) && expiresAt !== null ? Math.min(least, expiresAt) : least),
      Number.POSITIVE_INFINITY,
    )
    facts.push(
      `${formatNumberOf(plan.mark.length, 'backup')} will be marked, to go after ${momentText(new Date(first).toISOString())}.`,
    )
  }
  if (plan.unmark.length > 0) facts.push(`Of ${formatNumberOf(plan.unmark.length, 'backup')} the mark is taken off.`)
  return facts
}
