import { graphemesOf } from '../text/width.ts'
import type { KeyPress } from './key-press.ts'
import type { BoundKey } from './key-table.ts'

/** From the bottom to the top. The top layer that knows a key eats it. */
export const layerKinds = ['global', 'screen', 'pane', 'dialog', 'field'] as const
export type LayerKind = (typeof layerKinds)[number]

export interface Layer {
  readonly kind: LayerKind
  /** How many dialogs it lies in: what is deeper lies above, whatever its kind. */
  readonly depth: number
  /** What help calls it. */
  readonly title: string
  /** Only what can be done now. */
  readonly keys: readonly BoundKey[]
  /** Nothing below hears a key; only the global keys that are `always` do. */
  readonly modal?: boolean
  /** Takes what is typed; false leaves it to the layers below. */
  readonly text?: (text: string) => boolean
  /** Takes what is pasted. A paste that nobody takes is dropped: it must never act as keys. */
  readonly paste?: (text: string) => void
}

/** Keys that no dialog and no field keeps from working. */
const always: ReadonlySet<string> = new Set(['ctrl-c', 'ctrl-l', 'ctrl-z'])

interface Entry {
  readonly order: number
  layer: Layer
}

/**
 * Who hears a key. What lies in a dialog is above all that does not; then layers of a higher kind are on top; of one
 * kind, the one that came last.
 * Components set their layers while React commits, so that the next key finds them as they are on the screen.
 */
export class LayerStack {
  readonly #entries = new Map<object, Entry>()
  readonly #listeners = new Set<() => void>()
  #nextOrder = 0
  #version = 0
  #signature = ''

  set(token: object, layer: Layer): void {
    const entry = this.#entries.get(token)
    if (entry === undefined) this.#entries.set(token, { order: this.#nextOrder++, layer })
    else entry.layer = layer
    this.#tell()
  }

  remove(token: object): void {
    if (this.#entries.delete(token)) this.#tell()
  }

  /** True where somebody took it. */
  press(key: KeyPress): boolean {
    let isCovered = false
    for (const layer of this.#fromTop()) {
      if (!isCovered && key.text !== '' && layer.text?.(key.text) === true) return true
      const bound =
        isCovered && !(layer.kind === 'global' && always.has(key.name))
          ? undefined
          : layer.keys.find(({ keys }) => keys.includes(key.name))
      if (bound !== undefined) {
        bound.run()
        return true
      }
      if (layer.modal === true) isCovered = true
    }
    return false
  }

  paste(text: string): boolean {
    for (const layer of this.#fromTop()) {
      if (layer.paste !== undefined) {
        layer.paste(text)
        return true
      }
      if (layer.modal === true) return false
    }
    return false
  }

  /** What can be done now, the topmost layer first, without keys that a higher layer eats. */
  reachable(): readonly Layer[] {
    return reachableOf(this.#fromTop())
  }

  /** What lies below the topmost layer of that kind and title, as `reachable` would give it if that were gone. */
  below(kind: LayerKind, title: string): readonly Layer[] {
    const layers = this.#fromTop()
    const above = layers.findIndex((layer) => layer.kind === kind && layer.title === title)
    return reachableOf(layers.slice(above + 1))
  }

  /** Whether something lies over the screens. */
  get hasDialog(): boolean {
    return [...this.#entries.values()].some(({ layer }) => layer.kind === 'dialog')
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Changes whenever another set of things can be done. */
  readonly version = (): number => this.#version

  #fromTop(): Layer[] {
    return [...this.#entries.values()]
      .sort(
        (a, b) =>
          b.layer.depth - a.layer.depth ||
          layerKinds.indexOf(b.layer.kind) - layerKinds.indexOf(a.layer.kind) ||
          b.order - a.order,
      )
      .map(({ layer }) => layer)
  }

  /** Actions change with every render; what is shown of them seldom does. */
  #tell(): void {
    const signature = this.#fromTop()
      .map(
        ({ kind, title, keys, modal }) => `${kind} ${title} ${modal} ${keys.map(({ id, label }) => `${id}=${label}`)}`,
      )
      .join('\n')
    if (signature === this.#signature) return
    this.#signature = signature
    this.#version++
    for (const listener of this.#listeners) listener()
  }
}

function reachableOf(layers: readonly Layer[]): Layer[] {
  const shown: Layer[] = []
  const taken = new Set<string>()
  let isTyping = false
  // Under a field a letter is a letter.
  const isTaken = (name: string): boolean =>
    taken.has(name) || (isTyping && (graphemesOf(name).length === 1 || name === 'space'))
  for (const layer of layers) {
    const keys = layer.keys.filter(({ keys: names }) => !names.every(isTaken))
    for (const { keys: names } of layer.keys) for (const name of names) taken.add(name)
    if (layer.text !== undefined) isTyping = true
    if (keys.length > 0) shown.push({ ...layer, keys })
    if (layer.modal === true) break
  }
  return shown
}
