import { Box, useWindowSize } from 'ink'
import type { ReactNode } from 'react'
import type { Facts } from '../../model/console.ts'
import { LineView } from '../parts/lines.tsx'
import { exactly } from '../text/boxes.ts'
import type { Glyphs } from '../text/glyphs.ts'
import { fitLine, lineOf, spreadLine } from '../text/line.ts'
import { headerLine } from './header.ts'

export interface SplashProps {
  readonly facts: Pick<Facts, 'host' | 'user' | 'readOnly'>
  readonly glyphs: Glyphs
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What is seen before anything is known: the frame of the dashboard, so that little of it changes then. */
export function Splash({ facts, glyphs, now }: SplashProps): ReactNode {
  const { columns, rows } = useWindowSize()
  const lines = [
    headerLine({ crumbs: ['Dashboard'], facts, running: 0, now }, columns, glyphs),
    ...exactly([[], lineOf('  Reading the repository')], rows - 2),
    spreadLine([], lineOf('reading '), columns, glyphs.cut),
  ]
  return (
    <Box width={columns} height={rows} overflow="hidden" flexDirection="column">
      {lines.slice(0, rows).map((line, at) => (
        <LineView key={String(at)} line={fitLine(line, columns, glyphs.cut)} isCursor={false} />
      ))}
    </Box>
  )
}
