import type { ReactNode } from 'react'
import { useArea, useConsole } from '../house/console-context.ts'
import type { Trouble } from '../store/loaded.ts'
import { emptyLines, exactly, troubleLines } from '../text/boxes.ts'
import { Lines } from './lines.tsx'

/** In place of what was not read yet, or could not be. */
export function NotRead({
  trouble,
  reading,
  meanwhile = '',
  next = 'r tries again',
  rows,
}: {
  /** Null while it is being read. */
  readonly trouble: Trouble | null
  /** What is being done. */
  readonly reading: string
  /** The next key while it is being read. */
  readonly meanwhile?: string
  /** The next key where it failed. */
  readonly next?: string
  /** All of the screen where it is not said. */
  readonly rows?: number
}): ReactNode {
  const { glyphs } = useConsole()
  const area = useArea()
  const lines =
    trouble === null ? emptyLines(reading, meanwhile, area.columns) : troubleLines(trouble, next, area.columns, glyphs)
  return <Lines lines={exactly(lines, rows ?? area.rows)} />
}
