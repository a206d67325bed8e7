import type { Place } from './places.ts'
import type { AnyScreen, ScreenSpec } from './screen.ts'

/** What the header calls the way that was gone. */
export function crumbsOf(way: readonly Place[], screens: readonly AnyScreen[]): readonly string[] {
  return way.map(({ id, argument }) => {
    // A place holds what its own screen was opened with: `open` takes them together.
    const screen = screens.find((one) => one.id === id) as ScreenSpec<typeof id> | undefined
    return screen?.crumb?.(argument) ?? screen?.title ?? id
  })
}
