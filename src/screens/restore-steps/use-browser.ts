import { useEffect, useState } from 'react'
import type { Browser } from '../../model/browse.ts'
import { useConsole } from '../house/console-context.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'

export interface OpenedBrowser {
  /** Null until it is open. */
  readonly browser: Browser | null
  readonly trouble: Trouble | null
}

/** One backup, opened to look around in it for as long as somebody does. */
export function useBrowser(backup: string): OpenedBrowser {
  const { engine } = useConsole()
  const [opened, setOpened] = useState<{ backup: string } & OpenedBrowser>({ backup, browser: null, trouble: null })
  useEffect(() => {
    let isOver = false
    let open: Browser | null = null
    engine.browse({ backup, services: [] }).then(
      (browser) => {
        if (isOver) return browser.close()
        open = browser
        setOpened({ backup, browser, trouble: null })
      },
      (error: unknown) => {
        if (!isOver) setOpened({ backup, browser: null, trouble: troubleOf(error, 'opening the backup') })
      },
    )
    return () => {
      isOver = true
      open?.close()
    }
  }, [engine, backup])
  return opened.backup === backup ? opened : { browser: null, trouble: null }
}
