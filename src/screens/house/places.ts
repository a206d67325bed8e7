import type { ScreenArguments, ScreenId } from './screen-arguments.ts'

/** Where a person is: for each screen that has a digit, the way that was gone from there. Pure. */

export interface Place {
  readonly id: ScreenId
  readonly argument: ScreenArguments[ScreenId]
  /** Tells one visit from another. */
  readonly visit: number
}

export interface Places {
  /** By the screen it began with, in the order they were first seen; none of them empty. */
  readonly ways: readonly (readonly Place[])[]
  /** Which way is on the screen. */
  readonly current: number
  readonly nextVisit: number
}

export type Step =
  | { readonly kind: 'go'; readonly id: ScreenId; readonly keeps: (id: ScreenId) => boolean }
  | { readonly kind: 'open'; readonly id: ScreenId; readonly argument: ScreenArguments[ScreenId] }
  | { readonly kind: 'replace'; readonly id: ScreenId; readonly argument: ScreenArguments[ScreenId] }
  | { readonly kind: 'back' }

export function beginAt(id: ScreenId): Places {
  return { ways: [[{ id, argument: null, visit: 0 }]], current: 0, nextVisit: 1 }
}

export function wayOf(places: Places): readonly Place[] {
  return places.ways[places.current]!
}

export function placeOf(places: Places): Place {
  return wayOf(places).at(-1)!
}

export function step(places: Places, taken: Step): Places {
  const { ways, current, nextVisit } = places
  const way = wayOf(places)
  switch (taken.kind) {
    case 'go': {
      const found = ways.findIndex(([first]) => first!.id === taken.id)
      if (found < 0) {
        const place: Place = { id: taken.id, argument: null, visit: nextVisit }
        return { ways: [...ways, [place]], current: ways.length, nextVisit: nextVisit + 1 }
      }
      // Going where one is leads back to its beginning, but not out of something half done.
      if (found !== current) return { ...places, current: found }
      return way.some(({ id }) => taken.keeps(id)) ? places : withWay(places, way.slice(0, 1))
    }
    case 'open': {
      const place: Place = { id: taken.id, argument: taken.argument, visit: nextVisit }
      return { ...withWay(places, [...way, place]), nextVisit: nextVisit + 1 }
    }
    case 'replace': {
      const place: Place = { id: taken.id, argument: taken.argument, visit: nextVisit }
      const kept = way.length === 1 ? way : way.slice(0, -1)
      return { ...withWay(places, [...kept, place]), nextVisit: nextVisit + 1 }
    }
    case 'back':
      if (way.length > 1) return withWay(places, way.slice(0, -1))
      return places
  }
}

/** Whether going back leaves the console. */
export function isAtStart(places: Places): boolean {
  return wayOf(places).length === 1
}

function withWay(places: Places, way: readonly Place[]): Places {
  return { ...places, ways: places.ways.map((one, at) => (at === places.current ? way : one)) }
}
