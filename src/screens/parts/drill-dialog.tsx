import type { ReactNode } from 'react'
import type { CatalogEntry } from '../../model/backup.ts'
import { formatBytes } from '../../model/units.ts'
import { useConsole } from '../house/console-context.ts'
import { shortId } from '../text/ids.ts'
import { commandText } from '../text/shell.ts'
import { AskDialog } from './confirm-dialog.tsx'
import { useStart } from './use-start.tsx'

/** Asks before a backup is rehearsed, and starts that as a job. A check of one's own is for the command line. */
export function DrillDialog({
  backup: { id, bytes },
  onClose,
}: {
  readonly backup: CatalogEntry
  onClose(): void
}): ReactNode {
  const { facts } = useConsole()
  const { start, shown } = useStart(onClose)
  if (shown !== null) return shown
  const options = { backup: id, services: [], check: null, keep: false, scratch: null, workers: null }
  return (
    <AskDialog
      title={`Drill ${shortId(id)}?`}
      facts={[
        bytes === null
          ? `${id} is restored into a scratch place.`
          : `${id}, ${formatBytes(bytes)}, into a scratch place.`,
        'It is timed, read back and compared with what was recorded; then it is thrown away.',
        'It goes on when the console is left.',
      ]}
      command={commandText(facts, ['drill', id])}
      verb="drill it"
      onCancel={onClose}
      onYes={() => start({ kind: 'drill', options })}
    />
  )
}
