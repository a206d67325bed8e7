import type { ReactNode } from 'react'
import type { CatalogEntry, Manifest } from '../../model/backup.ts'
import { useArea, useConsole, useLoaded } from '../house/console-context.ts'
import type { ScreenArguments } from '../house/screen-arguments.ts'
import { shortType } from '../text/backup-words.ts'
import { shortId, shortMoment } from '../text/ids.ts'
import { plainText } from '../text/plain.ts'
import { Menu } from './menu.tsx'

const most = 10

interface CompareMenuProps {
  readonly manifest: Manifest
  onChoose(argument: ScreenArguments['diff']): void
  onClose(): void
}

/** With what a backup is compared: the disk as it is, or one of the newest of the same services. */
export function CompareMenu({ manifest, onChoose, onClose }: CompareMenuProps): ReactNode {
  const { store } = useConsole()
  const { rows } = useArea()
  const list = useLoaded(store.list)
  const others = comparable(manifest, list.value?.backups ?? []).slice(0, Math.min(most, rows - 5))
  return (
    <Menu
      title={`Compare ${shortId(manifest.id)} with`}
      items={[
        // First, so that what is read meanwhile comes below the cursor.
        { value: 'live', label: 'the disk as it is now' },
        ...others.map((one) => ({
          value: one.id,
          label: `${shortId(one.id)}  ${shortMoment(one.createdAt)}  ${shortType(one.type)}  ${plainText(one.services.join(', '))}`,
        })),
      ]}
      onClose={onClose}
      onChoose={(value) => {
        const other = others.find(({ id }) => id === value)
        if (other === undefined) onChoose({ from: manifest.id, to: 'live' })
        else if (other.createdAt < manifest.createdAt) onChoose({ from: other.id, to: manifest.id })
        else onChoose({ from: manifest.id, to: other.id })
      }}
    />
  )
}

function comparable(manifest: Manifest, backups: readonly CatalogEntry[]): readonly CatalogEntry[] {
  const services = new Set(manifest.archives.map(({ service }) => service))
  return backups.filter(
    ({ id, missing, services: its }) =>
      id !== manifest.id && missing !== true && its.some((name) => services.has(name)),
  )
}
