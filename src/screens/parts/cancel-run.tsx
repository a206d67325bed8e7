import type { ReactNode } from 'react'
import type { RunSummary } from '../../model/jobs.ts'
import { useConsole } from '../house/console-context.ts'
import { troubleOf } from '../store/loaded.ts'
import { shortId } from '../text/ids.ts'
import { plainMessage, plainText } from '../text/plain.ts'
import { wordOfKind } from '../text/run-words.ts'
import { AskDialog } from './confirm-dialog.tsx'

/** Asks whether a run is to be stopped, and asks it to. */
export function CancelRun({ run, onClose }: { readonly run: RunSummary; onClose(): void }): ReactNode {
  const { jobs, say, store } = useConsole()
  return (
    <AskDialog
      title={`Stop this ${wordOfKind(run.kind)}?`}
      facts={[
        `${shortId(run.id)}  ${plainText(run.about)}, process ${run.pid ?? '?'} on ${plainText(run.host)}`,
        meaning(run),
      ]}
      command={run.pid === null ? null : `kill -INT ${run.pid}`}
      verb="stop it"
      onCancel={onClose}
      onYes={() => {
        onClose()
        say(`asking ${shortId(run.id)} to stop`)
        jobs.cancel(run.id).then(
          () => void store.runs.refresh(),
          (error: unknown) => say(`not stopped: ${plainMessage(troubleOf(error, 'stopping the job').message)}`),
        )
      }}
    />
  )
}

function meaning({ kind }: RunSummary): string {
  switch (kind) {
    case 'create':
      return 'It stops cleanly. No backup comes of it, and nothing half-done is left.'
    case 'restore':
      return 'It stops after the file it is at. What was written stays; what was not yet written stays as it was.'
    case 'verify':
      return 'It stops cleanly. What was not looked at yet stays as it is known.'
    default:
      return 'It stops cleanly; nothing half-done is left.'
  }
}
