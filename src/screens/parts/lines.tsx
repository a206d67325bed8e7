import { Text, type TextProps } from 'ink'
import { memo, type ReactNode } from 'react'
import { useArea, useConsole } from '../house/console-context.ts'
import { fitLine, type Line, type Look } from '../text/line.ts'

/** Colours of the sixteen; each only repeats what a mark or a word says. Red and green are never the only difference. */
const looks: Readonly<Record<Look, Partial<TextProps>>> = {
  ok: { color: 'cyan' },
  warning: { color: 'yellow' },
  failed: { color: 'red', bold: true },
  running: { color: 'blueBright' },
  bold: { bold: true },
  dim: { dimColor: true },
  cursor: { inverse: true },
  title: { bold: true },
}

const control = /\p{Cc}/gu

/**
 * Lines as they are, one row each, no wider than the screen. Whoever makes them makes foreign text plain; a control
 * character that comes here all the same is shown as a question mark.
 */
export function Lines({
  lines,
  cursor = null,
}: {
  readonly lines: readonly Line[]
  readonly cursor?: number | null
}): ReactNode {
  const { glyphs } = useConsole()
  const { columns } = useArea()
  // Lines have no names: a row of the screen is what it is by where it stands.
  return lines.map((line, at) => (
    <LineView key={String(at)} line={fitLine(line, columns, glyphs.cut)} isCursor={at === cursor} />
  ))
}

/** One line, as wide as it is. */
export const LineView = memo(function LineView({
  line,
  isCursor,
}: {
  readonly line: Line
  readonly isCursor: boolean
}): ReactNode {
  const pieces = line.filter(({ text }) => text !== '')
  if (pieces.length === 0) return <Text> </Text>
  return (
    <Text wrap="truncate" inverse={isCursor}>
      {pieces.map(({ text, look }, at) => {
        const shown = text.replace(control, '?')
        if (look === undefined) return shown
        return (
          <Text key={String(at)} {...looks[look]} {...(isCursor ? { inverse: true } : {})}>
            {shown}
          </Text>
        )
      })}
    </Text>
  )
}, sameLine)

function sameLine(
  a: { readonly line: Line; readonly isCursor: boolean },
  b: { readonly line: Line; readonly isCursor: boolean },
): boolean {
  return (
    a.isCursor === b.isCursor &&
    a.line.length === b.line.length &&
    a.line.every((piece, at) => piece.text === b.line[at]!.text && piece.look === b.line[at]!.look)
  )
}
