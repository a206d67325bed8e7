import { useApp, useWindowSize } from 'ink'
import { type ReactNode, useEffect, useMemo, useReducer, useState } from 'react'
import type { Capability, Facts, Questions, TerminalPort } from './model/console.ts'
import type { Engine } from './model/engine.ts'
import type { Jobs } from './model/jobs.ts'
import { ConsoleContext, type ConsoleServices } from './screens/house/console-context.ts'
import { crumbsOf } from './screens/house/crumbs.ts'
import { Frame } from './screens/house/frame.tsx'
import { GlobalKeys } from './screens/house/global-keys.tsx'
import { KeyRoot } from './screens/house/key-root.tsx'
import { PassphraseQuestion } from './screens/house/passphrase-question.tsx'
import { beginAt, isAtStart, placeOf, step, wayOf } from './screens/house/places.ts'
import { Stage } from './screens/house/stage.tsx'
import { LayerStack } from './screens/keys/layer-stack.ts'
import { screens } from './screens/registry.ts'
import { ConsoleStore } from './screens/store/console-store.ts'
import { troubleOf } from './screens/store/loaded.ts'
import { glyphsFor } from './screens/text/glyphs.ts'

/** The console: what all screens share is joined here, and the screens are put on the stage. */
export interface AppProps {
  readonly engine: Engine
  readonly jobs: Jobs
  readonly facts: Facts
  readonly capability: Capability
  readonly terminal: TerminalPort
  readonly questions: Questions
  /** Milliseconds since 1970. */
  now(): number
}

/** What the console ends with. */
export interface Leaving {
  readonly exitCode: number
}

export function App({ engine, jobs, facts, capability, terminal, questions, now }: AppProps): ReactNode {
  const { exit, suspendTerminal } = useApp()
  const { columns, rows } = useWindowSize()
  const [places, take] = useReducer(step, 'dashboard', beginAt)
  const [said, say] = useState<string | null>(null)
  const [layers] = useState(() => new LayerStack())
  const [store] = useState(() => new ConsoleStore(engine, jobs, now))
  useEffect(() => () => store.close(), [store])

  const services = useMemo<ConsoleServices>(() => {
    const isBuilt: ConsoleServices['isBuilt'] = (id) => screens.some((screen) => screen.id === id)
    return {
      engine,
      jobs,
      facts,
      capability,
      glyphs: glyphsFor(capability.unicode),
      store,
      layers,
      terminal,
      screens,
      now,
      isBuilt,
      go: (id) => {
        if (isBuilt(id)) take({ kind: 'go', id, keeps: (one) => screens.find((s) => s.id === one)?.keeps === true })
      },
      open: (id, argument) => {
        if (isBuilt(id)) take({ kind: 'open', id, argument })
      },
      replace: (id, argument) => {
        if (isBuilt(id)) take({ kind: 'replace', id, argument })
      },
      back: () => take({ kind: 'back' }),
      say,
      handOver: (during) =>
        suspendTerminal(during).catch((error: unknown) => {
          const { message, hint } = troubleOf(error, '')
          say(hint === '' ? message : `${message}: ${hint}`)
        }),
      copy: (text) => {
        terminal.copy(text)
        say(`${text} is in the clipboard, if this terminal can do that`)
      },
    }
  }, [engine, jobs, facts, capability, terminal, now, store, layers, suspendTerminal])

  const leave = (exitCode: number): void => exit({ exitCode } satisfies Leaving)
  return (
    <ConsoleContext value={services}>
      <KeyRoot onKey={() => say(null)} />
      <Frame columns={columns} rows={rows} crumbs={crumbsOf(wayOf(places), screens)} said={said}>
        <Stage places={places} />
        <GlobalKeys place={placeOf(places)} isAtStart={isAtStart(places)} leave={leave} />
        <PassphraseQuestion questions={questions} />
      </Frame>
    </ConsoleContext>
  )
}
