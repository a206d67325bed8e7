import { useEffect, useState } from 'react'
import type { Browser, Child } from '../../model/browse.ts'
import { rootPath } from '../../model/path.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'

export interface Found {
  /** In the order of the backup. */
  readonly rows: readonly { readonly service: string; readonly child: Child }[]
  readonly isSearching: boolean
  /** More would have matched. */
  readonly isCut: boolean
  readonly trouble: Trouble | null
}

const most = 500
/** While somebody types, nothing is searched for. */
const settleMs = 150
/** What was found is drawn so often, however much is found. */
const drawMs = 250
const nothing: Found = { rows: [], isSearching: false, isCut: false, trouble: null }

/** Every path of a backup that a text matches, while it is typed. Null where nothing is looked for. */
export function useFind(browser: Browser, text: string): Found | null {
  const [found, setFound] = useState<{ text: string; found: Found }>({ text: '', found: nothing })
  const wanted = text.trim()
  useEffect(() => {
    if (wanted === '') return
    const controller = new AbortController()
    const { signal } = controller
    const rows: { service: string; child: Child }[] = []
    let drawing: ReturnType<typeof setTimeout> | null = null
    const draw = (more: Partial<Found>): void => {
      if (drawing !== null) clearTimeout(drawing)
      drawing = null
      if (!signal.aborted) setFound({ text: wanted, found: { ...nothing, rows: [...rows], ...more } })
    }
    const begin = setTimeout(() => {
      browser
        .find(
          { services: [], below: rootPath, text: wanted, count: most },
          {
            signal,
            found({ service }, child) {
              rows.push({ service, child })
              drawing ??= setTimeout(() => draw({ isSearching: true }), drawMs)
            },
            progress: () => {},
          },
        )
        .then(
          ({ cut }) => draw({ isCut: cut }),
          (error: unknown) => draw({ trouble: troubleOf(error, 'searching') }),
        )
    }, settleMs)
    return () => {
      clearTimeout(begin)
      if (drawing !== null) clearTimeout(drawing)
      controller.abort()
    }
  }, [browser, wanted])
  if (wanted === '') return null
  return found.text === wanted ? found.found : { ...found.found, isSearching: true }
}
