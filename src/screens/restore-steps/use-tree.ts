import { useCallback, useEffect, useReducer, useRef } from 'react'
import type { Browser, Child } from '../../model/browse.ts'
import { type BytePath, parentOf, rootPath } from '../../model/path.ts'
import { troubleOf } from '../store/loaded.ts'
import { isDirectory, type Listing, placeKey, type Tree } from '../text/scope-rows.ts'

export interface TreeState {
  readonly tree: Tree
  /** Opens a directory, and reads it where that was not done. */
  open(service: string, path: BytePath): void
  close(key: string): void
  /** Reads on where a directory has more than was read. */
  readOn(key: string): void
}

const page = 500
const noListing: Listing = { children: [], more: true, isReading: false, trouble: null, lost: 0 }
/** Directories that are opened by themselves, so that marks that were brought along are seen. */
const mostOpened = 50

type TreeChange =
  | { readonly kind: 'open' | 'close'; readonly key: string }
  | { readonly kind: 'listed'; readonly key: string; readonly listing: Listing }

interface Inside {
  readonly open: ReadonlySet<string>
  readonly listings: ReadonlyMap<string, Listing>
}

function changed({ open, listings }: Inside, change: TreeChange): Inside {
  if (change.kind === 'listed') return { open, listings: new Map(listings).set(change.key, change.listing) }
  const next = new Set(open)
  if (change.kind === 'open') next.add(change.key)
  else next.delete(change.key)
  return { open: next, listings }
}

/**
 * The directories of one backup, a page at a time. What leads nowhere else is opened by itself, and so is what leads to
 * `shown`.
 */
export function useTree(browser: Browser, shown: readonly BytePath[]): TreeState {
  const [inside, take] = useReducer(changed, { open: new Set<string>(), listings: new Map<string, Listing>() })
  // What was read last, for whoever reads on before it is drawn.
  const latest = useRef(new Map<string, Listing>())
  const abort = useRef(new AbortController())

  const read = useCallback(
    async (service: string, path: BytePath): Promise<readonly Child[]> => {
      const key = placeKey(service, path)
      const before = latest.current.get(key) ?? noListing
      if (before.isReading || !before.more) return before.children
      const { signal } = abort.current
      const set = (listing: Listing): Listing => {
        latest.current.set(key, listing)
        if (!signal.aborted) take({ kind: 'listed', key, listing })
        return listing
      }
      set({ ...before, isReading: true, trouble: null })
      const last = before.children.at(-1)
      try {
        const from = last === undefined ? 'start' : ({ after: last.path } as const)
        const { children, more, lost } = await browser.children({
          service,
          path,
          from,
          count: page,
          passes: null,
          signal,
        })
        const missing = lost.reduce((sum, { entries }) => sum + entries, 0)
        const all = [...before.children, ...children]
        return set({ children: all, more, isReading: false, trouble: null, lost: before.lost + missing }).children
      } catch (error) {
        return set({ ...before, isReading: false, trouble: troubleOf(error, 'reading the directory') }).children
      }
    },
    [browser],
  )

  /** Opens it, and whatever is the only thing in it. */
  const openDown = useCallback(
    async (service: string, path: BytePath): Promise<void> => {
      take({ kind: 'open', key: placeKey(service, path) })
      const children = await read(service, path)
      const [only] = children
      if (children.length === 1 && only !== undefined && isDirectory(only)) await openDown(service, only.path)
    },
    [read],
  )

  useEffect(() => {
    abort.current = new AbortController()
    const { services } = browser
    for (const { name } of services) {
      if (services.length === 1) void openDown(name, rootPath)
      for (const directory of leadingTo(shown)) {
        take({ kind: 'open', key: placeKey(name, directory) })
        void read(name, directory)
      }
    }
    return () => abort.current.abort()
  }, [browser, shown, openDown, read])

  return {
    tree: { services: browser.services, ...inside },
    open: (service, path) => void openDown(service, path),
    close: (key) => take({ kind: 'close', key }),
    readOn: (key) => {
      const [service = '', path = ''] = key.split('\0')
      void read(service, path as BytePath) // what placeKey joined
    },
  }
}

/** Every directory above the paths. */
function leadingTo(paths: readonly BytePath[]): readonly BytePath[] {
  const found = new Set<BytePath>()
  for (const path of paths) {
    for (let at = path; at !== rootPath; ) {
      at = parentOf(at)
      found.add(at)
      if (found.size >= mostOpened) return [...found]
    }
  }
  return [...found]
}
