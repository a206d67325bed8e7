import { type Edit, type EditStep, editOf, editStep } from './edit.ts'

/** What a form asks for, and what a person has said so far. Pure. */

export interface Choice {
  readonly value: string
  /** Plain text. */
  readonly label: string
}

interface FieldBase {
  readonly name: string
  readonly label: string
  /** A line of help while the field has the keys. */
  readonly about?: string
  /** It is there only while a choice stands so. */
  readonly onlyIf?: { readonly choice: string; readonly is: (value: string) => boolean }
}

export type FormField =
  | (FieldBase & { readonly kind: 'text'; readonly initial: string })
  | (FieldBase & { readonly kind: 'choice'; readonly initial: string; readonly options: readonly Choice[] })
  /** Any number of the options. */
  | (FieldBase & { readonly kind: 'marks'; readonly initial: readonly string[]; readonly options: readonly Choice[] })

export interface FormState {
  /** Index of the field that has the keys, among those that are there. */
  readonly focus: number
  readonly texts: ReadonlyMap<string, Edit>
  readonly chosen: ReadonlyMap<string, string>
  readonly marked: ReadonlyMap<string, ReadonlySet<string>>
  /** In a field of marks: the option the keys are at. */
  readonly at: ReadonlyMap<string, number>
}

export type FormStep =
  | { readonly kind: 'focus'; readonly by: number }
  | { readonly kind: 'edit'; readonly step: EditStep }
  /** To the next option, or the one before. */
  | { readonly kind: 'turn'; readonly by: 1 | -1 }
  | { readonly kind: 'toggle' }

export function beginForm(fields: readonly FormField[]): FormState {
  const texts = new Map<string, Edit>()
  const chosen = new Map<string, string>()
  const marked = new Map<string, ReadonlySet<string>>()
  for (const field of fields) {
    if (field.kind === 'text') texts.set(field.name, editOf(field.initial))
    else if (field.kind === 'choice') chosen.set(field.name, field.initial)
    else marked.set(field.name, new Set(field.initial))
  }
  return { focus: 0, texts, chosen, marked, at: new Map() }
}

/** Those that are there, as the choices stand. What was said in the others is kept. */
export function shownFields(all: readonly FormField[], { chosen }: FormState): readonly FormField[] {
  return all.filter(({ onlyIf }) => onlyIf === undefined || onlyIf.is(chosen.get(onlyIf.choice) ?? ''))
}

export function stepForm(all: readonly FormField[], state: FormState, step: FormStep): FormState {
  const fields = shownFields(all, state)
  const field = fields[state.focus]
  if (field === undefined) return state
  switch (step.kind) {
    case 'focus':
      return { ...state, focus: (state.focus + step.by + fields.length) % fields.length }
    case 'edit': {
      const edit = state.texts.get(field.name)
      return edit === undefined
        ? state
        : { ...state, texts: withEntry(state.texts, field.name, editStep(edit, step.step)) }
    }
    case 'turn': {
      if (field.kind === 'text' || field.options.length === 0) return state
      const count = field.options.length
      if (field.kind === 'marks') {
        const at = ((state.at.get(field.name) ?? 0) + step.by + count) % count
        return { ...state, at: withEntry(state.at, field.name, at) }
      }
      const now = field.options.findIndex(({ value }) => value === state.chosen.get(field.name))
      const { value } = field.options[(now + step.by + count) % count]!
      return { ...state, chosen: withEntry(state.chosen, field.name, value) }
    }
    case 'toggle': {
      if (field.kind !== 'marks') return stepForm(all, state, { kind: 'turn', by: 1 })
      const option = field.options[state.at.get(field.name) ?? 0]
      if (option === undefined) return state
      const marks = new Set(state.marked.get(field.name))
      if (!marks.delete(option.value)) marks.add(option.value)
      return { ...state, marked: withEntry(state.marked, field.name, marks) }
    }
  }
}

/** Whether anything stands otherwise than it began. */
export function isFormChanged(fields: readonly FormField[], state: FormState): boolean {
  return fields.some((field) => {
    if (field.kind === 'text') return state.texts.get(field.name)?.graphemes.join('') !== field.initial
    if (field.kind === 'choice') return state.chosen.get(field.name) !== field.initial
    const marks = state.marked.get(field.name) ?? new Set()
    return marks.size !== field.initial.length || field.initial.some((value) => !marks.has(value))
  })
}

function withEntry<Value>(map: ReadonlyMap<string, Value>, key: string, value: Value): ReadonlyMap<string, Value> {
  return new Map(map).set(key, value)
}
