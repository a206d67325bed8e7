import { type ReactNode, useEffect, useState } from 'react'
import type { PlannedRestore } from '../../model/planned-restore.ts'
import { formatBytes, formatNumberOf } from '../../model/units.ts'
import { useConsole } from '../house/console-context.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import { shortId } from '../text/ids.ts'
import { lineOf } from '../text/line.ts'
import { plainMessage } from '../text/plain.ts'
import { commandText } from '../text/shell.ts'
import { TypeNameDialog } from './confirm-dialog.tsx'
import { Above, Overlay } from './overlay.tsx'
import { TextOverlay } from './text-overlay.tsx'
import { TroubleOverlay } from './trouble-overlay.tsx'
import { useLaunch } from './use-launch.tsx'

export interface PlanDialogProps {
  readonly act: 'undo' | 'go-on'
  readonly restore: string
  onClose(): void
}

/** Plans to take a restore back or to go on with it, shows the plan, and does exactly that once the host's name was typed. */
export function PlanDialog(props: PlanDialogProps): ReactNode {
  const { act, restore, onClose } = props
  const { engine } = useConsole()
  const [plan, setPlan] = useState<PlannedRestore | null | 'planning'>('planning')
  const [trouble, setTrouble] = useState<Trouble | null>(null)
  useEffect(() => {
    const abort = new AbortController()
    const during = { signal: abort.signal, listen: () => {} }
    const planned =
      act === 'undo'
        ? engine.planUndo({ restore, workers: null }, during)
        : engine.planRestore(
            { source: { kind: 'resume', restore }, target: null, conflict: null, workers: null },
            during,
          )
    planned.then(
      (made) => {
        if (!abort.signal.aborted) setPlan(made)
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setTrouble(troubleOf(error, 'planning it'))
      },
    )
    return () => {
      abort.abort()
      void planned.then((made) => made?.drop()).catch(() => {}) // what is left is swept by the next run
    }
  }, [engine, act, restore])
  if (trouble !== null) return <TroubleOverlay trouble={trouble} onClose={onClose} />
  if (plan === 'planning')
    return (
      <Above>
        <Overlay title="Planning" lines={[lineOf('Looking at what stands there now …')]} columns={50} />
      </Above>
    )
  if (plan === null)
    return (
      <TextOverlay
        title="Nothing to do"
        lines={() => [lineOf(`${restore} has changed nothing, or is undone already.`)]}
        onClose={onClose}
      />
    )
  return <Confirm {...props} plan={plan} stale={setTrouble} />
}

function Confirm({
  act,
  restore,
  onClose,
  plan,
  stale,
}: PlanDialogProps & { readonly plan: PlannedRestore; stale(trouble: Trouble): void }): ReactNode {
  const { facts } = useConsole()
  const { launch, shown } = useLaunch(plan, stale)
  if (shown !== null) return shown
  const words = act === 'undo' ? ['undo', restore] : ['restore', `--resume=${restore}`]
  return (
    <TypeNameDialog
      title={act === 'undo' ? `Undo ${shortId(restore)}?` : `Go on with ${shortId(restore)}?`}
      facts={[...countFacts(plan), ...plan.notices.map(plainMessage)]}
      command={commandText(facts, words)}
      verb={act === 'undo' ? 'take it back' : 'go on'}
      name={facts.host}
      nameOf="host"
      onCancel={onClose}
      onYes={launch}
    />
  )
}

function countFacts({ counts, bytesToWrite, saves, undoes }: PlannedRestore): readonly string[] {
  const entries = (count: number) => formatNumberOf(count, 'entry', 'entries')
  const facts: string[] = []
  if (counts.create > 0) facts.push(`${entries(counts.create)} ${undoes ? 'come back' : 'are created'}.`)
  if (counts.overwrite > 0) facts.push(`${entries(counts.overwrite)} are overwritten.`)
  if (counts.metadata > 0) facts.push(`${entries(counts.metadata)} get their owner, mode and times back.`)
  if (counts.delete > 0) facts.push(`${entries(counts.delete)} ${undoes ? 'that it made are removed' : 'are deleted'}.`)
  if (counts.refuse > 0) facts.push(`${entries(counts.refuse)} cannot be put back: the command line lists them.`)
  facts.push(`${formatBytes(bytesToWrite)} are written.`)
  if (saves !== null && saves !== undefined && saves.entries > 0)
    facts.push(
      `${formatNumberOf(saves.entries, 'path')}, ${formatBytes(saves.bytes)}, ${undoes ? 'changed since the restore, ' : ''}are saved first.`,
    )
  return facts
}
