import { graphemesOf, widthOf } from './width.ts'

/** A line of text being typed: by graphemes, so that no accent and no emoji is ever taken apart. Pure. */
export interface Edit {
  readonly graphemes: readonly string[]
  /** Before which of them the cursor stands. */
  readonly at: number
}

export type EditStep =
  | { readonly kind: 'insert'; readonly text: string }
  | { readonly kind: 'set'; readonly text: string }
  | { readonly kind: 'backspace' | 'delete' | 'left' | 'right' | 'home' | 'end' | 'clear-before' | 'clear-word' }

export function editOf(text: string): Edit {
  const graphemes = graphemesOf(text)
  return { graphemes, at: graphemes.length }
}

export function editText(edit: Edit): string {
  return edit.graphemes.join('')
}

export function editStep(edit: Edit, step: EditStep): Edit {
  const { graphemes, at } = edit
  switch (step.kind) {
    case 'set':
      return editOf(oneLine(step.text))
    case 'insert': {
      // What is typed may join what stands before it: an accent, the second half of a flag.
      const before = graphemesOf(graphemes.slice(0, at).join('') + oneLine(step.text))
      return { graphemes: [...before, ...graphemes.slice(at)], at: before.length }
    }
    case 'backspace':
      return at === 0 ? edit : { graphemes: graphemes.toSpliced(at - 1, 1), at: at - 1 }
    case 'delete':
      return { graphemes: graphemes.toSpliced(at, 1), at }
    case 'left':
      return { graphemes, at: Math.max(0, at - 1) }
    case 'right':
      return { graphemes, at: Math.min(graphemes.length, at + 1) }
    case 'home':
      return { graphemes, at: 0 }
    case 'end':
      return { graphemes, at: graphemes.length }
    case 'clear-before':
      return { graphemes: graphemes.slice(at), at: 0 }
    case 'clear-word': {
      const start = graphemes
        .slice(0, at)
        .join('')
        .replace(/\S*\s*$/, '')
      const kept = graphemesOf(start)
      return { graphemes: [...kept, ...graphemes.slice(at)], at: kept.length }
    }
  }
}

/** A pasted line break is a space, and its end is nothing; other control characters are left out. */
function oneLine(text: string): string {
  return text
    .replace(/[\r\n]+$/, '')
    .replace(/\r\n|[\r\n\t]/g, ' ')
    .replace(/\p{Cc}/gu, '')
}

/** The part of the text that is seen in `columns`, the cursor in it, as what lies before, under and after the cursor. */
export function editWindow(
  edit: Edit,
  columns: number,
): { readonly before: string; readonly under: string; readonly after: string } {
  const { graphemes, at } = edit
  const under = graphemes[at] ?? ' '
  let room = columns - Math.max(1, widthOf(under))
  let from = at
  while (from > 0 && widthOf(graphemes[from - 1]!) <= room) room -= widthOf(graphemes[--from]!)
  let to = at + 1
  while (to < graphemes.length && widthOf(graphemes[to]!) <= room) room -= widthOf(graphemes[to++]!)
  return { before: graphemes.slice(from, at).join(''), under, after: graphemes.slice(at + 1, to).join('') }
}
