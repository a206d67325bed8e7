import { Box } from 'ink'
import { memo, type ReactNode } from 'react'
import { ActiveContext, useArea, useConsole, useIsActive } from './console-context.ts'
import type { Place, Places } from './places.ts'
import { placeOf } from './places.ts'
import type { ScreenSpec } from './screen.ts'

/** Every screen on the way here, and on other ways, as it was left; only the last of this way is seen and hears keys. */
export function Stage({ places }: { readonly places: Places }): ReactNode {
  const shown = placeOf(places)
  return places.ways.flat().map((place) => <Staged key={place.visit} place={place} isShown={place === shown} />)
}

const Staged = memo(function Staged({
  place,
  isShown,
}: {
  readonly place: Place
  readonly isShown: boolean
}): ReactNode {
  const { screens } = useConsole()
  const isActive = useIsActive()
  const area = useArea()
  // A place holds what its own screen was opened with: `open` takes them together.
  const screen = screens.find((one) => one.id === place.id) as ScreenSpec<typeof place.id> | undefined
  if (screen === undefined) return null
  const { Screen } = screen
  return (
    <ActiveContext value={isActive && isShown}>
      <Box
        display={isShown ? 'flex' : 'none'}
        width={area.columns}
        height={area.rows}
        flexDirection="column"
        overflow="hidden"
      >
        <Screen argument={place.argument} />
      </Box>
    </ActiveContext>
  )
})
