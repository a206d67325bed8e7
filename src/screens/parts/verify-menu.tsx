import { type ReactNode, useState } from 'react'
import type { CatalogEntry } from '../../model/backup.ts'
import { type VerifyLevel, verifyLevels } from '../../model/engine.ts'
import { useConsole } from '../house/console-context.ts'
import { shortId } from '../text/ids.ts'
import { commandText } from '../text/shell.ts'
import { AskDialog } from './confirm-dialog.tsx'
import { Menu } from './menu.tsx'
import { useStart } from './use-start.tsx'

const meanings: Readonly<Record<VerifyLevel, string>> = {
  scrub: 'its files against their checksums',
  quick: 'headers, keys and tables of contents',
  full: 'every byte, as a restore reads it',
  restore: 'a restore by the recovery script',
}

/** Asks how thoroughly a backup is to be verified, and starts that. */
export function VerifyMenu({ backup, onClose }: { readonly backup: CatalogEntry; onClose(): void }): ReactNode {
  const { facts } = useConsole()
  const [level, setLevel] = useState<VerifyLevel | null>(null)
  const { start, shown } = useStart(onClose)
  if (shown !== null) return shown
  if (level === null)
    return (
      <Menu
        title={`Verify ${shortId(backup.id)}: how?`}
        items={verifyLevels.map((value) => ({ value, label: `${value.padEnd(8)} ${meanings[value]}` }))}
        initial="full"
        onChoose={(chosen) => setLevel(verifyLevels.find((one) => one === chosen) ?? null)}
        onClose={onClose}
      />
    )
  return (
    <AskDialog
      title={`Verify ${shortId(backup.id)}?`}
      facts={[
        `${backup.id}: ${meanings[level]}.`,
        'It reads, and changes nothing but what is known of the backup. It goes on when the console is left.',
      ]}
      command={commandText(facts, ['verify', backup.id, '--level', level])}
      verb="verify it"
      onCancel={onClose}
      onYes={() => start({ kind: 'verify', options: { backup: backup.id, level, workers: null } })}
    />
  )
}
