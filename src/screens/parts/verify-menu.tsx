import { type ReactNode, useState } from 'react'
import type { CatalogEntry } from '../../model/backup.ts'
import { formatBytes, formatNumberOf } from '../../model/units.ts'
import { levelMeanings, type VerifyLevel, verifyLevels } from '../../model/verify-level.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import { shortId } from '../text/ids.ts'
import { commandText } from '../text/shell.ts'
import { AskDialog } from './confirm-dialog.tsx'
import { Menu } from './menu.tsx'
import { useStart } from './use-start.tsx'

export interface VerifyMenuProps {
  /** One or more; none of them gone. */
  readonly backups: readonly CatalogEntry[]
  /** These are all there are. */
  readonly isAll?: boolean
  onClose(): void
  /** The job runs: they are not waiting for it any more. */
  onStarted?(): void
}

/** Asks how thoroughly backups are to be verified, and starts that as one job. */
export function VerifyMenu({ backups, isAll = false, onClose, onStarted }: VerifyMenuProps): ReactNode {
  const { facts } = useConsole()
  const area = useArea()
  const [level, setLevel] = useState<VerifyLevel | null>(null)
  const { start, shown } = useStart(onClose, onStarted === undefined ? {} : { onStarted })
  if (shown !== null) return shown
  const what = subject(backups, isAll)
  if (level === null)
    return (
      <Menu
        title={`Verify ${what}: how?`}
        columns={64}
        items={verifyLevels.map((value) => ({
          value,
          label: `${value.padEnd(8)} ${levelMeanings[value].reads}`,
          about: meaningOf(value),
        }))}
        initial="full"
        onChoose={(chosen) => setLevel(verifyLevels.find((one) => one === chosen) ?? null)}
        onClose={onClose}
      />
    )
  const ids = backups.map(({ id }) => id)
  return (
    <AskDialog
      title={`Verify ${what}?`}
      facts={[
        `${backups.length === 1 ? ids[0] : what}, ${formatBytes(storedBytes(backups))} stored.`,
        ...meaningOf(level),
        'It only reads, and goes on when the console is left.',
      ]}
      command={commandOf(isAll ? null : ids, level)}
      verb="verify"
      onCancel={onClose}
      onYes={() => start({ kind: 'verify', options: { backups: isAll ? null : ids, level, workers: null } })}
    />
  )

  /** Whole where the dialog has room for it. */
  function commandOf(named: readonly string[] | null, chosen: VerifyLevel): string {
    const most = area.rows < 20 ? 2 : 6
    const shownIds = named === null ? ['--all'] : named.slice(0, most)
    const more = named === null || named.length <= most ? '' : ` (and ${named.length - most} ids more)`
    return `${commandText(facts, ['verify', '--level', chosen, ...shownIds])}${more}`
  }
}

function subject(backups: readonly CatalogEntry[], isAll: boolean): string {
  const [only] = backups
  if (backups.length === 1 && only !== undefined) return shortId(only.id)
  return `${isAll ? 'all ' : ''}${formatNumberOf(backups.length, 'backup')}`
}

/** An archive that another backup needs too counts once for each: so often it may be looked at. */
function storedBytes(backups: readonly CatalogEntry[]): number {
  return backups.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

function meaningOf(level: VerifyLevel): readonly string[] {
  const { proves, blindSpot } = levelMeanings[level]
  return [`proves: ${proves}`, `blind spot: ${blindSpot ?? unseen[level] ?? 'nothing of what is stored'}`]
}

/** Beyond what is stored: what only going further would show. */
const unseen: Readonly<Partial<Record<VerifyLevel, string>>> = {
  full: 'whether the recovery scripts work on this machine; level restore can tell',
  restore: 'any disk or machine but this one',
}
