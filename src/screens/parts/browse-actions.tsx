import { type ReactNode, useState } from 'react'
import type { BrowsePlace, Browser, Child } from '../../model/browse.ts'
import type { BytePath } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import { formatBytes } from '../../model/units.ts'
import { useConsole } from '../house/console-context.ts'
import type { KeyAction, KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import { detailLines, isContent } from '../text/entry-words.ts'
import {
  countMarks,
  markedAbove,
  markState,
  noMarks,
  type PathMarks,
  restoreOf,
  toggleMark,
} from '../text/path-marks.ts'
import { plainPath } from '../text/plain.ts'
import { CompareMenu } from './compare-menu.tsx'
import { TextOverlay } from './text-overlay.tsx'
import { TroubleOverlay } from './trouble-overlay.tsx'

/** What can be done with an entry of a backup, in whatever list it stands. */

export const browseKeys = {
  enter: {
    keys: ['enter', 'right'],
    label: 'open',
    about: 'into a directory; what is known of anything else',
    hint: 9,
  },
  up: { keys: ['left', 'backspace'], label: 'up', about: 'to the directory above', hint: 4 },
  find: { keys: ['f'], label: 'find', about: 'find by name in all of the backup', hint: 7 },
  mark: {
    keys: ['space'],
    label: 'mark',
    about: 'choose this, with all below it, or not any more; and go on to the next',
    hint: 6,
  },
  unmark: { keys: ['escape'], label: 'unmark', about: 'choose nothing', hint: 5 },
  restore: {
    keys: ['R'],
    label: 'restore',
    about: 'rehearse and run a restore of what is marked, or of this',
    hint: 8,
    needs: 'restore',
  },
  view: { keys: ['v'], label: 'view', about: 'read all of this file in the pager', hint: 6 },
  details: { keys: ['i'], label: 'details', about: 'all that is known of this' },
  compare: {
    keys: ['='],
    label: 'compare',
    about: 'what changed between this backup and another one, or the disk as it is',
    hint: 5,
    needs: 'diff',
  },
  copy: { keys: ['y'], label: 'copy path', about: 'this path into the clipboard' },
} as const satisfies KeyTable

/** One look into one backup, whichever list shows it. */
export interface Browsing {
  readonly browser: Browser
  readonly marks: PathMarks
  setMarks(marks: PathMarks): void
}

export interface BrowseTarget extends BrowsePlace {
  readonly entry: Child['entry']
}

export interface BrowseMoves {
  /** Under the cursor; null where there is nothing. */
  readonly target: BrowseTarget | null
  /** Into what is under the cursor; null where that leads nowhere, and its details are shown. */
  readonly enter: KeyAction
  readonly up: KeyAction
  readonly find: KeyAction
  /** To the next row. */
  next(): void
}

type Open =
  | { readonly kind: 'details'; readonly entry: TocEntry }
  | { readonly kind: 'trouble'; readonly trouble: Trouble }
  | { readonly kind: 'compare' }

/** Binds the keys; what they open is to be drawn last. */
export function useBrowseActions(browsing: Browsing, { target, enter, up, find, next }: BrowseMoves): ReactNode {
  const { open: openScreen, copy, say } = useConsole()
  const { browser, marks, setMarks } = browsing
  const { manifest } = browser
  const [open, setOpen] = useState<Open | null>(null)
  const view = useView(browser, setOpen)
  const fail = (doing: string) => (error: unknown) => setOpen({ kind: 'trouble', trouble: troubleOf(error, doing) })
  const showDetails = (at: BrowseTarget): void => {
    browser
      .entry(at)
      .then(
        (entry) => (entry === null ? say('only what lies in it was backed up') : setOpen({ kind: 'details', entry })),
        fail('reading the entry'),
      )
  }
  const mark = (at: BrowseTarget): void => {
    const above = markedAbove(marks, at.service, at.path)
    if (above !== null) say(`it is marked with /${plainPath(above)}: take the mark away there`)
    else {
      setMarks(toggleMark(marks, at.service, at.path))
      next()
    }
  }
  const restore = (): void => {
    const chosen = countMarks(marks) > 0 || target === null ? marks : toggleMark(noMarks, target.service, target.path)
    topsOf(browser, chosen).then(
      (tops) => openScreen('restore', restoreOf(manifest.id, chosen, tops)),
      fail('reading what is to be restored'),
    )
  }
  const isFile = target !== null && isContent(target.entry)
  const hasPath = target !== null && target.path !== ''
  useKeys('screen', 'Inspect', browseKeys, {
    enter: enter ?? (hasPath && (() => showDetails(target))),
    up,
    find,
    mark: target !== null && (() => mark(target)),
    unmark: countMarks(marks) > 0 && (() => setMarks(noMarks)),
    restore: (target !== null || countMarks(marks) > 0) && restore,
    view: isFile && (() => view(target)),
    details: hasPath && (() => showDetails(target)),
    compare: () => setOpen({ kind: 'compare' }),
    copy: hasPath && (() => copy(`/${plainPath(target.path)}`)),
  })
  const close = (): void => setOpen(null)
  if (open?.kind === 'trouble') return <TroubleOverlay trouble={open.trouble} onClose={close} />
  if (open?.kind === 'details') return <Details entry={open.entry} onClose={close} />
  if (open?.kind !== 'compare') return null
  return (
    <CompareMenu
      manifest={manifest}
      onClose={close}
      onChoose={(argument) => {
        close()
        openScreen('diff', argument)
      }}
    />
  )
}

/** A file in the pager, by way of a copy that is gone afterwards. */
function useView(browser: Browser, setOpen: (open: Open) => void): (at: BrowsePlace) => void {
  const { handOver, terminal, say } = useConsole()
  const [isBusy, setBusy] = useState(false)
  const view = async (at: BrowsePlace): Promise<void> => {
    const copy = await browser.copyToRead(at, new AbortController().signal)
    try {
      await handOver(() => terminal.page(copy.file))
    } finally {
      copy.remove()
    }
    if (copy.form === 'escaped') say('what a terminal would act upon was spelled out')
    if (copy.form === 'hex') say(`no text: the first ${formatBytes(copy.shownBytes)} byte for byte`)
  }
  return (at) => {
    if (isBusy) return
    setBusy(true)
    say('reading all of it…')
    view(at)
      .catch((error: unknown) => setOpen({ kind: 'trouble', trouble: troubleOf(error, 'reading the file') }))
      .finally(() => setBusy(false))
  }
}

function Details({ entry, onClose }: { readonly entry: TocEntry; onClose(): void }): ReactNode {
  const { glyphs } = useConsole()
  return <TextOverlay title="Details" lines={(columns) => detailLines(entry, columns, glyphs)} onClose={onClose} />
}

/** Marks before rows: the cursor's glyph is drawn by the table. */
export function markGlyph(
  marks: PathMarks,
  service: string,
  path: BytePath,
  glyphs: { mark: string; partly: string },
): string {
  switch (markState(marks, service, path)) {
    case 'marked':
    case 'within':
      return glyphs.mark
    case 'partly':
      return glyphs.partly
    case 'none':
      return ' '
  }
}

/** More than so many paths at the top of one service nobody has. */
const mostTops = 1000

/** Where a whole service and parts of another are restored together: what lies at the top of the whole one. */
async function topsOf(browser: Browser, marks: PathMarks): Promise<ReadonlyMap<string, readonly BytePath[]>> {
  const tops = new Map<string, readonly BytePath[]>()
  if ([...marks.values()].every((chosen) => chosen.has('' as BytePath))) return tops
  const { signal } = new AbortController()
  for (const [service, chosen] of marks) {
    if (!chosen.has('' as BytePath)) continue
    const query = { service, path: '' as BytePath, from: 'start', count: mostTops, passes: null, signal } as const
    tops.set(
      service,
      (await browser.children(query)).children.map(({ path }) => path),
    )
  }
  return tops
}
