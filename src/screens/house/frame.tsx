import { Box, Text } from 'ink'
import { type ReactNode, useSyncExternalStore } from 'react'
import { Lines } from '../parts/lines.tsx'
import { span } from '../text/line.ts'
import { ActiveContext, AreaContext, useConsole, useLoaded, useMinute } from './console-context.ts'
import { clockText, footerLine, headerLine } from './header.ts'

export const smallest = { columns: 60, rows: 16 }

export interface FrameProps {
  readonly columns: number
  readonly rows: number
  readonly crumbs: readonly string[]
  /** What was said last; null where that is over. */
  readonly said: string | null
  readonly children: ReactNode
}

/**
 * Header, what is between, footer: exactly as large as the terminal. On one that is too small only its size is shown;
 * what is between stays as it is, and comes back.
 */
export function Frame({ columns, rows, crumbs, said, children }: FrameProps): ReactNode {
  const isTooSmall = columns < smallest.columns || rows < smallest.rows
  const area = { columns: Math.max(columns, smallest.columns), rows: Math.max(rows, smallest.rows) - 2 }
  return (
    <Box width={columns} height={rows} overflow="hidden" flexDirection="column">
      {isTooSmall && <TooSmall columns={columns} rows={rows} />}
      <Box display={isTooSmall ? 'none' : 'flex'} width={columns} height={rows} flexDirection="column">
        <AreaContext value={area}>
          <Header crumbs={crumbs} columns={columns} />
          <ActiveContext value={!isTooSmall}>
            <Box width={columns} height={area.rows} overflow="hidden" flexDirection="column">
              {children}
            </Box>
          </ActiveContext>
          <Footer columns={columns} said={said} />
        </AreaContext>
      </Box>
    </Box>
  )
}

function Header({ crumbs, columns }: { readonly crumbs: readonly string[]; readonly columns: number }): ReactNode {
  const { facts, glyphs, store } = useConsole()
  const now = useMinute()
  const runs = useLoaded(store.runs)
  const running = runs.value?.filter(({ state }) => state === 'running').length ?? 0
  return <Lines lines={[headerLine({ crumbs, facts, running, now }, columns, glyphs)]} />
}

function Footer({ columns, said }: { readonly columns: number; readonly said: string | null }): ReactNode {
  const { glyphs, layers, store } = useConsole()
  useSyncExternalStore(layers.subscribe, layers.version)
  const now = useMinute()
  // A reading that arrives or fails changes the age that is shown.
  useLoaded(store.runs)
  const { at, isStale } = store.freshness()
  const right =
    at === null
      ? span(isStale ? 'no data' : 'reading', isStale ? 'warning' : undefined)
      : isStale
        ? span(`! ${ageText(now - at)} old`, 'warning')
        : span(`sync ${clockText(Math.max(now, at))}`, 'dim')
  return <Lines lines={[footerLine(layers.reachable(), right, said, columns, glyphs)]} />
}

function ageText(ms: number): string {
  return ms < 60_000 ? 'data <1 min' : `data ${Math.floor(ms / 60_000)} min`
}

function TooSmall({ columns, rows }: { readonly columns: number; readonly rows: number }): ReactNode {
  return (
    <Text wrap="truncate">{`Terminal too small: ${columns}x${rows}, need ${smallest.columns}x${smallest.rows}`}</Text>
  )
}
