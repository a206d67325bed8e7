import type { ReactNode } from 'react'
import { useConsole } from '../house/console-context.ts'
import type { Trouble } from '../store/loaded.ts'
import { troubleLines } from '../text/boxes.ts'
import { TextOverlay } from './text-overlay.tsx'

/** What went wrong, until it was read. */
export function TroubleOverlay({ trouble, onClose }: { readonly trouble: Trouble; onClose(): void }): ReactNode {
  const { glyphs } = useConsole()
  return (
    <TextOverlay
      title="That did not work"
      lines={(columns) => troubleLines(trouble, '', columns, glyphs)}
      onClose={onClose}
    />
  )
}
