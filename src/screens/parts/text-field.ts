import { useReducer } from 'react'
import { useConsole } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { type Edit, editOf, editStep, editText, editWindow } from '../text/edit.ts'
import { type Span, span } from '../text/line.ts'
import { plainText } from '../text/plain.ts'

export const fieldKeys = {
  submit: { keys: ['enter'], label: 'keep', about: 'take what was typed', hint: 8 },
  cancel: { keys: ['escape'], label: 'cancel', about: 'leave the field', hint: 8 },
  backspace: { keys: ['backspace'], label: 'delete', about: 'delete the character before the cursor' },
  delete: { keys: ['delete', 'ctrl-d'], label: 'delete', about: 'delete the character under the cursor' },
  left: { keys: ['left'], label: 'left', about: 'one character to the left' },
  right: { keys: ['right'], label: 'right', about: 'one character to the right' },
  home: { keys: ['home'], label: 'start', about: 'to the start of the line' },
  end: { keys: ['end', 'ctrl-e'], label: 'end', about: 'to the end of the line' },
  clearBefore: { keys: ['ctrl-u'], label: 'clear', about: 'delete all before the cursor' },
  clearWord: { keys: ['ctrl-w'], label: 'delete word', about: 'delete the word before the cursor' },
} as const satisfies KeyTable

export interface TextFieldOptions {
  readonly title: string
  readonly active: boolean
  readonly initial?: string
  /** Enter; absent where the layer below has it. */
  submit?(text: string): void
  /** Esc; absent where the layer below has it. */
  cancel?(): void
  /** Characters are shown as dots. */
  readonly secret?: boolean
  /** What is pasted is not taken, and this is told. */
  refusePaste?(): void
}

export interface TextField {
  readonly text: string
  set(text: string): void
  /** What is seen of it, with its cursor, in exactly `columns` or less. */
  spans(columns: number): readonly Span[]
}

/** One line of text a person types. While it is active it eats every key that types something. */
export function useTextField(options: TextFieldOptions): TextField {
  const { glyphs, capability } = useConsole()
  const [edit, take] = useReducer(editStep, options.initial ?? '', editOf)
  const text = editText(edit)
  const { submit, cancel, refusePaste } = options
  useKeys(
    'field',
    options.title,
    fieldKeys,
    {
      submit: submit !== undefined && (() => submit(text)),
      cancel: cancel !== undefined && (() => cancel()),
      backspace: () => take({ kind: 'backspace' }),
      delete: () => take({ kind: 'delete' }),
      left: () => take({ kind: 'left' }),
      right: () => take({ kind: 'right' }),
      home: () => take({ kind: 'home' }),
      end: () => take({ kind: 'end' }),
      clearBefore: () => take({ kind: 'clear-before' }),
      clearWord: () => take({ kind: 'clear-word' }),
    },
    {
      active: options.active,
      text(typed) {
        take({ kind: 'insert', text: typed })
        return true
      },
      paste(pasted) {
        if (refusePaste !== undefined) refusePaste()
        else take({ kind: 'insert', text: pasted })
      },
    },
  )
  return {
    text,
    set: (next) => take({ kind: 'set', text: next }),
    spans(columns) {
      const shown = options.secret === true ? { ...edit, graphemes: edit.graphemes.map(() => glyphs.mark) } : edit
      return editSpans(shown, columns, options.active, capability.colors === 'none')
    },
  }
}

/** What is seen of an edit in `columns`, with its cursor where it has the keys. */
export function editSpans(edit: Edit, columns: number, hasKeys: boolean, isColorless: boolean): readonly Span[] {
  const { before, under, after } = editWindow(shownEdit(edit), columns)
  if (!hasKeys) return [span(before + under.trimEnd() + after)]
  // Without colours there is no inverse: a mark shows where the next character goes.
  const cursor = isColorless && under === ' ' ? span('_') : span(under, 'cursor')
  return [span(before), cursor, span(after)]
}

/** As it is drawn: a character a terminal would act upon is drawn as its escape, and is one place for the cursor still. */
function shownEdit(edit: Edit): Edit {
  return { graphemes: edit.graphemes.map((one) => (one === '\\' ? one : plainText(one))), at: edit.at }
}
