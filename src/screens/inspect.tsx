import { type ReactNode, useEffect, useMemo, useState } from 'react'
import type { BrowsePlace, Browser } from '../model/browse.ts'
import { type BytePath, parentOf } from '../model/path.ts'
import { useConsole } from './house/console-context.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { ScreenArguments } from './house/screen-arguments.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { type Browsing, browseKeys } from './parts/browse-actions.tsx'
import { BrowseDirectory } from './parts/browse-directory.tsx'
import { BrowseFind } from './parts/browse-find.tsx'
import { BrowseServices } from './parts/browse-services.tsx'
import { NotRead } from './parts/not-read.tsx'
import { FindSearch } from './store/find-search.ts'
import { type Trouble, troubleOf } from './store/loaded.ts'
import { shortId } from './text/ids.ts'
import { noMarks } from './text/path-marks.ts'

const troubleKeys = {
  again: { keys: ['r'], label: 'try again', about: 'open the backup once more', hint: 9 },
} as const satisfies KeyTable

/** Where a person is in a backup, and on what the cursor is to be. */
type Where =
  | { readonly kind: 'services'; readonly at: string | null }
  | { readonly kind: 'directory'; readonly place: BrowsePlace; readonly at: BytePath | null }

type Opening =
  | { readonly kind: 'opening' }
  | { readonly kind: 'open'; readonly browser: Browser; readonly where: Where }
  | { readonly kind: 'trouble'; readonly trouble: Trouble }

function Inspect({ argument }: { readonly argument: ScreenArguments['inspect'] }): ReactNode {
  const { opening, again } = useOpening(argument)
  useKeys('screen', 'Inspect', troubleKeys, { again: opening.kind === 'trouble' && again })
  if (opening.kind !== 'open') {
    const trouble = opening.kind === 'trouble' ? opening.trouble : null
    return <NotRead trouble={trouble} reading={`Opening ${argument.backup}…`} next="r tries again, Esc goes back" />
  }
  return <Browse browser={opening.browser} from={opening.where} />
}

/** The backup is open for as long as the screen is on the way, also while another is shown. */
function useOpening(argument: ScreenArguments['inspect']): { readonly opening: Opening; again(): void } {
  const { engine } = useConsole()
  const [opening, setOpening] = useState<Opening>({ kind: 'opening' })
  const [attempt, setAttempt] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: what a screen was opened with never changes
  useEffect(() => {
    let isOver = false
    let opened: Browser | null = null
    const open = async (): Promise<Opening> => {
      opened = await engine.browse({ backup: argument.backup, services: [] })
      return { kind: 'open', browser: opened, where: await beginning(opened, argument) }
    }
    open()
      .catch((error: unknown): Opening => ({ kind: 'trouble', trouble: troubleOf(error, 'opening the backup') }))
      .then((result) => {
        if (isOver || result.kind !== 'open') opened?.close()
        if (!isOver) setOpening(result)
      })
    return () => {
      isOver = true
      opened?.close()
    }
  }, [engine, attempt])
  return {
    opening,
    again: () => {
      setOpening({ kind: 'opening' })
      setAttempt((before) => before + 1)
    },
  }
}

function Browse({ browser, from }: { readonly browser: Browser; readonly from: Where }): ReactNode {
  const [where, setWhere] = useState(from)
  const [marks, setMarks] = useState(noMarks)
  const [isFinding, setFinding] = useState(false)
  const [search] = useState(() => new FindSearch(browser, []))
  useEffect(() => () => search.close(), [search])
  const browsing = useMemo<Browsing>(() => ({ browser, marks, setMarks }), [browser, marks])
  const go = (place: BrowsePlace, at: BytePath | null): void => {
    setFinding(false)
    setWhere({ kind: 'directory', place, at })
  }
  const find = (): void => setFinding(true)
  if (isFinding)
    return (
      <BrowseFind
        browsing={browsing}
        search={search}
        go={(service, path) => go({ service, path: parentOf(path) }, path)}
        close={() => setFinding(false)}
      />
    )
  if (where.kind === 'services')
    return (
      <BrowseServices
        browsing={browsing}
        at={where.at}
        enter={(service) => {
          deepestOrTop(browser, service).then((place) => go(place, null))
        }}
        find={find}
      />
    )
  const { service, path } = where.place
  return (
    <BrowseDirectory
      key={`${service}\0${path}`}
      browsing={browsing}
      place={where.place}
      at={where.at}
      go={go}
      leave={browser.services.length > 1 ? () => setWhere({ kind: 'services', at: service }) : null}
      find={find}
    />
  )
}

/** The directory, or the directory of the file, that the screen was opened about. */
async function beginning(browser: Browser, { service, path }: ScreenArguments['inspect']): Promise<Where> {
  const { services } = browser
  const known = services.find(({ name }) => name === service)?.name
  if (path !== undefined && path !== '') {
    for (const name of known === undefined ? services.map((one) => one.name) : [known]) {
      const entry = await browser.entry({ service: name, path })
      if (entry?.type === 'directory') return { kind: 'directory', place: { service: name, path }, at: null }
      if (entry !== null) return { kind: 'directory', place: { service: name, path: parentOf(path) }, at: path }
    }
  }
  const start = known ?? (services.length === 1 ? services[0]!.name : undefined)
  if (start === undefined) return { kind: 'services', at: null }
  // One service of several that cannot be opened does not keep the others from being looked at.
  const place = services.length === 1 ? await deepest(browser, start) : await deepestOrTop(browser, start)
  return { kind: 'directory', place, at: null }
}

function deepestOrTop(browser: Browser, service: string): Promise<BrowsePlace> {
  // The directory itself tells why it cannot be read.
  return deepest(browser, service).catch(() => ({ service, path: '' as BytePath }))
}

/** Below directories that hold one directory and were not backed up themselves: where there is something to choose. */
async function deepest(browser: Browser, service: string): Promise<BrowsePlace> {
  const { signal } = new AbortController()
  for (let path = '' as BytePath; ; ) {
    const { children } = await browser.children({ service, path, from: 'start', count: 2, passes: null, signal })
    const [child, another] = children
    if (child === undefined || another !== undefined || child.entry !== null) return { service, path }
    path = child.path
  }
}

export const inspect: ScreenSpec<'inspect'> = {
  id: 'inspect',
  title: 'Inspect',
  digit: null,
  keys: browseKeys,
  crumb: ({ backup }) => `Inspect ${shortId(backup)}`,
  Screen: Inspect,
}
