import { useEffect, useState } from 'react'
import type { Browser } from '../../model/browse.ts'
import type { BytePath } from '../../model/path.ts'
import type { PlannedStep, Standing } from '../../model/planned-restore.ts'
import type { TocEntry } from '../../model/toc.ts'

/** Whoever runs through a list does not read every entry of it. */
const settleMs = 150

/** What the backup has at the path of a step: as the plan says it, else as the backup itself does. */
export function useStored(
  browser: Browser | null,
  services: readonly string[],
  step: PlannedStep | null,
): Standing<TocEntry['type']> | null {
  const [read, setRead] = useState<{ path: BytePath; stored: Standing<TocEntry['type']> } | null>(null)
  const path = step !== null && step.stored === null ? step.path : null
  useEffect(() => {
    if (browser === null || path === null) return
    let isOver = false
    const look = async (): Promise<void> => {
      for (const service of services) {
        const entry = await browser.entry({ service, path })
        if (isOver) return
        if (entry === null) continue
        const { type, sizeBytes, mtimeNs } = entry
        setRead({ path, stored: { type, sizeBytes, mtimeNs } })
        return
      }
    }
    // What cannot be read is shown as not read.
    const timer = setTimeout(() => look().catch(() => {}), settleMs)
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [browser, services, path])
  return step?.stored ?? (read !== null && read.path === path ? read.stored : null)
}
