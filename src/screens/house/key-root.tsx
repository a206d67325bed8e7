import { useInput, usePaste } from 'ink'
import type { ReactNode } from 'react'
import { keyPressOf } from '../keys/key-press.ts'
import { useConsole } from './console-context.ts'

/**
 * The only ear for keys. It comes before everything else in the tree, so that it hears a key before any component that
 * listens for itself, and acts on what is on the screen now.
 */
export function KeyRoot({ onKey }: { onKey(): void }): ReactNode {
  const { layers, say } = useConsole()
  useInput((input, key) => {
    onKey()
    layers.press(keyPressOf(input, key))
  })
  usePaste((text) => {
    onKey()
    if (!layers.paste(text)) say('pasted text was dropped: nothing here takes it')
  })
  return null
}
