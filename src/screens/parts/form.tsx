import { useReducer } from 'react'
import { useConsole } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { padEnd } from '../text/cut.ts'
import { type EditStep, editText } from '../text/edit.ts'
import {
  beginForm,
  type FormField,
  type FormState,
  type FormStep,
  isFormChanged,
  shownFields,
  stepForm,
} from '../text/form-state.ts'
import type { Glyphs } from '../text/glyphs.ts'
import { type Line, lineOf, lineWidth, type Span, span } from '../text/line.ts'
import { widthOf } from '../text/width.ts'
import { editSpans } from './text-field.ts'

export const formKeys = {
  next: { keys: ['tab', 'down'], label: 'next field', about: 'to the next field', hint: 7 },
  before: { keys: ['shift-tab', 'up'], label: 'field before', about: 'to the field before' },
  submit: { keys: ['enter'], label: 'go on', about: 'take what was entered', hint: 9 },
  cancel: { keys: ['escape'], label: 'leave', about: 'leave without it', hint: 8 },
  toggle: { keys: ['space'], label: 'choose', about: 'choose, or mark, what the keys are at' },
  left: { keys: ['left'], label: 'left', about: 'one character, or one option, to the left' },
  right: { keys: ['right'], label: 'right', about: 'one character, or one option, to the right' },
  backspace: { keys: ['backspace'], label: 'delete', about: 'delete the character before the cursor' },
  delete: { keys: ['delete', 'ctrl-d'], label: 'delete', about: 'delete the character under the cursor' },
  home: { keys: ['home'], label: 'start', about: 'to the start of the line' },
  end: { keys: ['end', 'ctrl-e'], label: 'end', about: 'to the end of the line' },
  clearBefore: { keys: ['ctrl-u'], label: 'clear', about: 'delete all before the cursor' },
  clearWord: { keys: ['ctrl-w'], label: 'delete word', about: 'delete the word before the cursor' },
} as const satisfies KeyTable

export interface FormOptions {
  readonly title: string
  /** The same in every render, but for their options. */
  readonly fields: readonly FormField[]
  /** False: another pane, or a dialog, has the keys. */
  readonly active?: boolean
  /** Enter; absent where the layer below has it. */
  submit?(): void
  /** Esc; absent where the layer below has it. */
  cancel?(): void
}

export interface Form {
  readonly state: FormState
  /** Name of the field that has the keys. */
  readonly focus: string
  readonly isChanged: boolean
  text(name: string): string
  choice(name: string): string
  /** In the order of the options. */
  marks(name: string): readonly string[]
}

/** Several fields, one of which has the keys: Tab goes on, Enter takes all of them. */
export function useForm({ title, fields, active = true, submit, cancel }: FormOptions): Form {
  const [state, take] = useReducer(
    (before: FormState, step: FormStep) => stepForm(fields, before, step),
    fields,
    beginForm,
  )
  const field = shownFields(fields, state)[state.focus]
  const isText = field?.kind === 'text'
  const edit = (step: EditStep) => isText && (() => take({ kind: 'edit', step }))
  useKeys(
    'field',
    title,
    formKeys,
    {
      next: () => take({ kind: 'focus', by: 1 }),
      before: () => take({ kind: 'focus', by: -1 }),
      submit: submit ?? false,
      cancel: cancel ?? false,
      toggle: !isText && (() => take({ kind: 'toggle' })),
      left: () => take(isText ? { kind: 'edit', step: { kind: 'left' } } : { kind: 'turn', by: -1 }),
      right: () => take(isText ? { kind: 'edit', step: { kind: 'right' } } : { kind: 'turn', by: 1 }),
      backspace: edit({ kind: 'backspace' }),
      delete: edit({ kind: 'delete' }),
      home: edit({ kind: 'home' }),
      end: edit({ kind: 'end' }),
      clearBefore: edit({ kind: 'clear-before' }),
      clearWord: edit({ kind: 'clear-word' }),
    },
    {
      active,
      text(typed) {
        if (isText) take({ kind: 'edit', step: { kind: 'insert', text: typed } })
        // A letter in a field of choices must not act as a key of the screen; a blank chooses.
        return isText || typed !== ' '
      },
      paste(pasted) {
        if (isText) take({ kind: 'edit', step: { kind: 'insert', text: pasted } })
      },
    },
  )
  return {
    state,
    focus: field?.name ?? '',
    isChanged: isFormChanged(fields, state),
    text: (name) => editText(state.texts.get(name) ?? { graphemes: [], at: 0 }),
    choice: (name) => state.chosen.get(name) ?? '',
    marks(name) {
      const marks = state.marked.get(name)
      const found = fields.find((one) => one.name === name)
      return found?.kind === 'marks' ? found.options.map(({ value }) => value).filter((value) => marks?.has(value)) : []
    },
  }
}

/** One line a field, more where its options need them; the one that has the keys is pointed at. */
export function useFormLines(
  fields: readonly FormField[],
  { state }: Form,
  columns: number,
  active = true,
): readonly Line[] {
  const { glyphs, capability } = useConsole()
  const labelColumns = Math.max(...fields.map(({ label }) => widthOf(label))) + 2
  return shownFields(fields, state).flatMap((field, index) => {
    const isFocused = active && index === state.focus
    const room = columns - labelColumns - 2
    const label = [
      span(isFocused ? `${glyphs.cursor} ` : '  '),
      span(padEnd(field.label, labelColumns), isFocused ? 'bold' : 'dim'),
    ]
    if (field.kind === 'text') {
      const text = state.texts.get(field.name) ?? { graphemes: [], at: 0 }
      return [[...label, ...editSpans(text, room, isFocused, capability.colors === 'none')]]
    }
    const values =
      field.kind === 'choice' ? choiceSpans(field, state, isFocused) : markSpans(field, state, isFocused, glyphs)
    return broken(values, room).map((line, at) =>
      at === 0 ? [...label, ...line] : [span(' '.repeat(labelColumns + 2)), ...line],
    )
  })
}

function choiceSpans(
  field: Extract<FormField, { kind: 'choice' }>,
  state: FormState,
  isFocused: boolean,
): readonly Span[][] {
  const chosen = field.options.find(({ value }) => value === state.chosen.get(field.name))?.label ?? ''
  return [isFocused ? [span('< '), span(chosen, 'bold'), span(' >')] : [span(chosen)]]
}

function markSpans(
  field: Extract<FormField, { kind: 'marks' }>,
  state: FormState,
  isFocused: boolean,
  glyphs: Glyphs,
): readonly Span[][] {
  if (field.options.length === 0) return [[span('none', 'dim')]]
  const marked = state.marked.get(field.name)
  const at = state.at.get(field.name) ?? 0
  return field.options.map(({ value, label }, index) => {
    const box = marked?.has(value) === true ? `[${glyphs.mark.slice(0, 1)}]` : '[ ]'
    return isFocused && index === at ? [span(`${box} ${label}`, 'cursor')] : [span(`${box} ${label}`)]
  })
}

/** Pieces in as many lines as they need, two blanks between them. */
function broken(pieces: readonly Span[][], room: number): readonly Line[] {
  const lines: Span[][] = [[]]
  for (const piece of pieces) {
    const line = lines.at(-1)!
    if (line.length > 0 && lineWidth(line) + 2 + lineWidth(piece) > room) lines.push([...piece])
    else line.push(...(line.length === 0 ? [] : [span('  ')]), ...piece)
  }
  return lines.map((line) => lineOf(...line))
}
