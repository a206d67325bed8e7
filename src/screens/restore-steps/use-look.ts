import { useEffect, useState } from 'react'
import type { TargetLook } from '../../model/planned-restore.ts'
import { useConsole } from '../house/console-context.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'

export interface Looked {
  readonly path: string
  /** Null where that is what went wrong. */
  readonly look: TargetLook | null
  readonly trouble: Trouble | null
}

/** While somebody types, nothing is looked at. */
const settleMs = 150

/** What stands where a path leads, while it is typed; null until that is known, and for no path. */
export function useLook(path: string | null): Looked | null {
  const { engine } = useConsole()
  const [looked, setLooked] = useState<Looked | null>(null)
  useEffect(() => {
    if (path === null) return
    let isOver = false
    const timer = setTimeout(() => {
      engine.lookAtTarget(path).then(
        (look) => {
          if (!isOver) setLooked({ path, look, trouble: null })
        },
        (error: unknown) => {
          if (!isOver) setLooked({ path, look: null, trouble: troubleOf(error, 'looking at the target') })
        },
      )
    }, settleMs)
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [engine, path])
  return path !== null && looked?.path === path ? looked : null
}
