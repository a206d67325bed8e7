import { Box } from 'ink'
import { type ReactNode, useContext } from 'react'
import { useArea, useConsole } from '../house/console-context.ts'
import { DepthContext } from '../keys/use-keys.ts'
import { fillLine, fitLine, type Line, lineOf, lineWidth, span } from '../text/line.ts'
import { Lines } from './lines.tsx'

/** Keys bound inside are heard before all keys bound outside. Every overlay stands in one. */
export function Above({ levels = 1, children }: { readonly levels?: number; readonly children: ReactNode }): ReactNode {
  return <DepthContext value={useContext(DepthContext) + levels}>{children}</DepthContext>
}

export interface OverlayProps {
  readonly title: string
  readonly lines: readonly Line[]
  /** Of the whole box; narrower where the screen is. */
  readonly columns: number
  /** The line that is shown as chosen. */
  readonly cursor?: number | null
  /** Drawn between the lines and the lower border, as high as `belowRows`. */
  readonly below?: ReactNode
  readonly belowRows?: number
}

/** The widest text an overlay can hold. */
export function overlayColumns(area: { readonly columns: number }, wanted: number): number {
  return Math.min(wanted, area.columns - 4)
}

/**
 * A box over the middle of the screen. It is the last child of what it lies over; what does not fit is cut, so that
 * the frame never grows.
 */
export function Overlay({ title, lines, columns, cursor = null, below, belowRows = 0 }: OverlayProps): ReactNode {
  const { glyphs } = useConsole()
  const area = useArea()
  const width = overlayColumns(area, columns)
  const shown = lines.slice(0, Math.max(0, area.rows - 2 - belowRows))
  const height = shown.length + belowRows + 2
  const { border, cut } = glyphs
  const inner = width - 2
  const titled = fitLine(lineOf(span(` ${title} `, 'title')), inner - 2, cut)
  const top = lineOf(
    border.topLeft + border.horizontal,
    ...titled,
    border.horizontal.repeat(Math.max(0, inner - 1 - lineWidth(titled))) + border.topRight,
  )
  const bottom = lineOf(border.bottomLeft + border.horizontal.repeat(inner) + border.bottomRight)
  const body = shown.map((line, at) => {
    const filled = fillLine([span(' '), ...fitLine(line, inner - 2, cut)], inner, cut)
    const looked = at === cursor ? filled.map(({ text }) => span(text, 'cursor')) : filled
    return [span(border.vertical), ...looked, span(border.vertical)]
  })
  const left = Math.floor((area.columns - width) / 2)
  const start = Math.max(0, Math.floor((area.rows - height) / 3))
  return (
    <Box position="absolute" marginLeft={left} marginTop={start} width={width} flexDirection="column">
      <Lines lines={[top, ...body]} />
      {below !== undefined && (
        <Box height={belowRows} width={width}>
          <Box flexDirection="column" width={1}>
            <Lines lines={Array.from({ length: belowRows }, () => lineOf(border.vertical))} />
          </Box>
          <Box flexDirection="column" width={inner}>
            {below}
          </Box>
          <Box flexDirection="column" width={1}>
            <Lines lines={Array.from({ length: belowRows }, () => lineOf(border.vertical))} />
          </Box>
        </Box>
      )}
      <Lines lines={[bottom]} />
    </Box>
  )
}
