import { createContext, useContext, useSyncExternalStore } from 'react'
import type { Capability, Facts, TerminalPort } from '../../model/console.ts'
import type { Engine } from '../../model/engine.ts'
import type { Jobs } from '../../model/jobs.ts'
import type { LayerStack } from '../keys/layer-stack.ts'
import type { ConsoleStore } from '../store/console-store.ts'
import type { Loaded } from '../store/loaded.ts'
import type { Poller } from '../store/poller.ts'
import type { Glyphs } from '../text/glyphs.ts'
import type { AnyScreen } from './screen.ts'
import type { ScreenArguments, ScreenId } from './screen-arguments.ts'

/** All a screen can ask for. */
export interface ConsoleServices {
  readonly engine: Engine
  readonly jobs: Jobs
  readonly facts: Facts
  readonly capability: Capability
  readonly glyphs: Glyphs
  readonly store: ConsoleStore
  readonly layers: LayerStack
  readonly terminal: TerminalPort
  readonly screens: readonly AnyScreen[]
  /** Milliseconds since 1970. For what is drawn use `useMinute`: it does not keep an idle screen busy. */
  now(): number
  isBuilt(id: ScreenId): boolean
  /** To a screen with a digit, as it was left. */
  go(id: ScreenId): void
  /** To a screen about something, from which Esc leads back here. */
  open<Id extends ScreenId>(id: Id, argument: ScreenArguments[Id]): void
  /** As `open`, in the place of the screen that is shown. */
  replace<Id extends ScreenId>(id: Id, argument: ScreenArguments[Id]): void
  back(): void
  /** One line at the bottom until the next key. For what also shows elsewhere: nothing important may be said only so. */
  say(text: string): void
  /** Hands the terminal over and takes it back: for a pager, an editor. What went wrong meanwhile is said. */
  handOver(during: () => Promise<void>): Promise<void>
  /** Puts a text into the operator's clipboard and says so. */
  copy(text: string): void
}

export const ConsoleContext = createContext<ConsoleServices | null>(null)

export function useConsole(): ConsoleServices {
  const services = useContext(ConsoleContext)
  if (services === null) throw new Error('a screen outside the console')
  return services
}

/** False in a screen that is kept but not shown: it hears no keys and draws nothing new. */
export const ActiveContext = createContext(true)

export function useIsActive(): boolean {
  return useContext(ActiveContext)
}

export interface Area {
  readonly columns: number
  readonly rows: number
}

/** What a screen has to itself: between the header and the footer. */
export const AreaContext = createContext<Area>({ columns: 80, rows: 22 })

export function useArea(): Area {
  return useContext(AreaContext)
}

const unwatched = (): (() => void) => () => {}

/** What a poller has, read anew while this screen is shown. */
export function useLoaded<T>(poller: Poller<T>): Loaded<T> {
  return useSyncExternalStore(useIsActive() ? poller.subscribe : unwatched, poller.snapshot)
}

/** The beginning of the present minute, in milliseconds since 1970: for clocks and ages. */
export function useMinute(): number {
  const { store } = useConsole()
  return useSyncExternalStore(useIsActive() ? store.subscribeMinute : unwatched, store.minute)
}
