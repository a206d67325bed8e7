import { createContext, useContext, useLayoutEffect, useState } from 'react'
import { useConsole, useIsActive } from '../house/console-context.ts'
import type { BoundKey, KeyActions, KeyTable } from './key-table.ts'
import type { LayerKind } from './layer-stack.ts'

/** How many dialogs a component lies in. */
export const DepthContext = createContext(0)

export interface LayerOptions {
  /** False: hears nothing now. */
  readonly active?: boolean
  /** Nothing below hears a key. */
  readonly modal?: boolean
  /** Takes what is typed; false leaves it to the layers below. */
  text?(text: string): boolean
  paste?(text: string): void
}

/**
 * Binds the keys of a table while the component is mounted and its screen is shown. An action that is false or null
 * cannot be done now: it is not hinted at, and its key goes to the layer below. What changes something does not exist
 * in a console that is read-only.
 */
export function useKeys<T extends KeyTable>(
  kind: LayerKind,
  title: string,
  table: T,
  actions: KeyActions<T>,
  options: LayerOptions = {},
): void {
  const { layers, facts, isBuilt } = useConsole()
  const depth = useContext(DepthContext)
  const isActive = useIsActive() && options.active !== false
  const [token] = useState<object>(() => ({}))
  useLayoutEffect(() => {
    if (!isActive) {
      layers.remove(token)
      return
    }
    const keys: BoundKey[] = []
    for (const [id, spec] of Object.entries(table)) {
      const run = actions[id]
      if (!run || ((spec.danger ?? 0) > 0 && facts.readOnly) || (spec.needs !== undefined && !isBuilt(spec.needs)))
        continue
      keys.push({ ...spec, id, run })
    }
    const { modal, text, paste } = options
    layers.set(token, {
      kind,
      depth,
      title,
      keys,
      ...(modal === undefined ? {} : { modal }),
      ...(text === undefined ? {} : { text }),
      ...(paste === undefined ? {} : { paste }),
    })
  })
  useLayoutEffect(() => () => layers.remove(token), [layers, token])
}
