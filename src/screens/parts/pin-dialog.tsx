import { type ReactNode, useState } from 'react'
import type { CatalogEntry } from '../../model/backup.ts'
import { formatBytes, formatNumberOf } from '../../model/units.ts'
import { useConsole } from '../house/console-context.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import { momentText, shortId } from '../text/ids.ts'
import { plainText } from '../text/plain.ts'
import { commandText } from '../text/shell.ts'
import { AskDialog, TypeNameDialog } from './confirm-dialog.tsx'
import { TroubleOverlay } from './trouble-overlay.tsx'

const named = 4

/** Pins backups, or unpins them where all of them are pinned; asks before, and for the id where the law holds one. */
export function PinDialog({
  backups,
  onClose,
}: {
  readonly backups: readonly CatalogEntry[]
  onClose(): void
}): ReactNode {
  const { engine, facts, say, store } = useConsole()
  const [trouble, setTrouble] = useState<Trouble | null>(null)
  const [isWorking, setWorking] = useState(false)
  const pins = backups.some(({ pinned }) => !pinned)
  const affected = pins ? backups.filter(({ pinned }) => !pinned) : backups
  const verb = pins ? 'pin' : 'unpin'
  const held = pins ? undefined : affected.find(({ legalHold }) => legalHold != null)
  const doIt = (confirm: string | null): void => {
    setWorking(true)
    // It is over in a moment and must not stop half way.
    const during = { signal: new AbortController().signal, listen: () => {} }
    const all = async (): Promise<void> => {
      for (const { id } of affected)
        await (pins
          ? engine.pin({ backup: id, legalHold: null }, during)
          : engine.unpin({ backup: id, confirm }, during))
    }
    all()
      .then(
        () => {
          say(`${formatNumberOf(affected.length, 'backup')} ${verb}ned`)
          onClose()
        },
        (error: unknown) => setTrouble(troubleOf(error, `${verb}ning`)),
      )
      .finally(() => void store.list.refresh())
  }
  if (trouble !== null) return <TroubleOverlay trouble={trouble} onClose={onClose} />
  if (isWorking) return null
  const what = affected
    .slice(0, named)
    .map(
      ({ id, createdAt, services, sizeBytes }) =>
        `${shortId(id)}  ${momentText(createdAt)}  ${plainText(services.join(', '))}  ${formatBytes(sizeBytes)}`,
    )
  if (affected.length > named) what.push(`and ${affected.length - named} more`)
  const command = commandText(facts, [
    verb,
    ...(affected.length === 1 ? [affected[0]!.id] : ['ID']),
    ...(held === undefined ? [] : ['--confirm', held.id]),
  ])
  const props = {
    title: `${pins ? 'Pin' : 'Unpin'} ${formatNumberOf(affected.length, 'backup')}?`,
    command,
    onCancel: onClose,
  }
  if (held !== undefined && affected.length > 1)
    return (
      <TroubleOverlay
        trouble={{
          doing: 'unpinning',
          code: 'E_PINNED',
          message: `${held.id} is under a legal hold`,
          hint: 'a legal hold is lifted for one backup at a time: take the marks away first',
        }}
        onClose={onClose}
      />
    )
  if (held !== undefined)
    return (
      <TypeNameDialog
        {...props}
        facts={[...what, `Legal hold: ${plainText(held.legalHold ?? '')}`, 'Afterwards it can be deleted.']}
        verb="lift the hold"
        name={held.id}
        nameOf="backup id"
        onYes={() => doIt(held.id)}
      />
    )
  return (
    <AskDialog
      {...props}
      facts={[
        ...what,
        pins
          ? `Nothing deletes ${affected.length === 1 ? 'it' : 'them'}, by hand or by itself, until unpinned.`
          : 'Afterwards it can be deleted, by hand or by a cleanup.',
      ]}
      verb={`${verb} ${affected.length === 1 ? 'it' : 'them'}`}
      onYes={() => doIt(null)}
    />
  )
}
