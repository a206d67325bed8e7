import { type ReactNode, useEffect, useState } from 'react'
import type { CatalogEntry } from '../../model/backup.ts'
import type { DeletePlan } from '../../model/delete.ts'
import { formatBytes, formatNumberOf } from '../../model/units.ts'
import { useConsole } from '../house/console-context.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import { momentText } from '../text/ids.ts'
import { plainText } from '../text/plain.ts'
import { commandText } from '../text/shell.ts'
import { TypeNameDialog } from './confirm-dialog.tsx'
import { TroubleOverlay } from './trouble-overlay.tsx'
import { useStart } from './use-start.tsx'

/** Says what deleting a backup would do, and does it once its id was typed. What another backup needs is refused. */
export function DeleteDialog({ backup, onClose }: { readonly backup: CatalogEntry; onClose(): void }): ReactNode {
  const { engine, facts } = useConsole()
  const [plan, setPlan] = useState<DeletePlan | null>(null)
  const [trouble, setTrouble] = useState<Trouble | null>(null)
  const { start, shown } = useStart(onClose)
  useEffect(() => {
    engine.planDelete(backup.id).then(setPlan, (error: unknown) => setTrouble(troubleOf(error, 'deleting')))
  }, [engine, backup.id])
  if (trouble !== null) return <TroubleOverlay trouble={trouble} onClose={onClose} />
  if (shown !== null) return shown
  if (plan === null) return null
  const { id, createdAt, services, files } = plan.backup
  return (
    <TypeNameDialog
      title="Delete this backup?"
      facts={[
        `${momentText(createdAt)}  ${plainText(services.join(', '))}${files === null ? '' : `  ${formatNumberOf(files, 'file')}`}`,
        `It is gone for good, and ${formatBytes(plan.freedBytes)} are free. Nothing else needs it.`,
      ]}
      command={commandText(facts, ['delete', id])}
      verb="delete it"
      name={id}
      nameOf="backup id"
      onCancel={onClose}
      onYes={() => start({ kind: 'delete', backup: id })}
    />
  )
}
