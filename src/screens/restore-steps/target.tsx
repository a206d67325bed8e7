import { type ReactNode, useEffect, useState } from 'react'
import { conflictModes } from '../../model/restore.ts'
import { formatBytes } from '../../model/units.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import { useForm, useFormLines } from '../parts/form.tsx'
import { Lines } from '../parts/lines.tsx'
import { exactly } from '../text/boxes.ts'
import { wrap } from '../text/cut.ts'
import type { FormField } from '../text/form-state.ts'
import { type Glyphs, lookOf } from '../text/glyphs.ts'
import { type Line, lineOf, span } from '../text/line.ts'
import { plainMessage, plainText } from '../text/plain.ts'
import type { Sentence } from '../text/restore-impact.ts'
import { conflictText } from '../text/restore-lines.ts'
import type { Amount } from '../text/restore-scope.ts'
import { type Target, whyNoDirectory, withHome } from '../text/restore-wizard.ts'
import { type Looked, useLook } from './use-look.ts'

export interface TargetProps {
  readonly target: Target
  /** Of what is marked; null while that is counted. */
  readonly amount: Amount | null
  readonly rows: number
  change(target: Target): void
  next(): void
  back(): void
}

/** Where it goes: into a new directory, unless somebody turns to the other choice on purpose. */
export function TargetStep({ target, amount, rows, change, next, back }: TargetProps): ReactNode {
  const { facts, glyphs, say } = useConsole()
  const { columns } = useArea()
  const [fields] = useState(() => fieldsOf(target, facts.host))
  // Whoever was faster than the look at the directory goes on once that is there.
  const [awaited, setAwaited] = useState<string | null>(null)
  const form = useForm({
    title: 'Target',
    fields,
    submit: () => {
      const why = refusal(said, looked, wrong)
      if (why !== null) say(why)
      else if (said.isInPlace || looked !== null) next()
      else setAwaited(said.directory)
    },
    cancel: back,
  })
  const said: Target = {
    directory: form.text('directory').trim(),
    isInPlace: form.choice('place') === 'in-place',
    conflict: conflictModes.find((mode) => mode === form.choice('conflict')) ?? target.conflict,
  }
  const wrong = said.isInPlace ? null : whyNoDirectory(said.directory, facts.home)
  const looked = useLook(said.isInPlace || wrong !== null ? null : withHome(said.directory, facts.home))
  const isChanged =
    said.directory !== target.directory || said.isInPlace !== target.isInPlace || said.conflict !== target.conflict
  const awaits = awaited !== null && awaited === said.directory && !said.isInPlace
  useEffect(() => {
    if (isChanged) change(said)
    if (awaited !== null && (!awaits || looked !== null)) setAwaited(null)
    if (awaits && looked !== null && refusal(said, looked, wrong) === null) next()
  })
  const about = fields.find(({ name }) => name === form.focus)?.about ?? ''
  const meaning = said.isInPlace ? inPlaceMeaning(said, facts.host) : directoryMeaning(looked, wrong, amount)
  return (
    <Lines
      lines={exactly(
        [
          ruleLine(lineOf('Where it goes'), 'Tab next, Enter plans', columns, glyphs),
          ...useFormLines(fields, form, columns),
          ...wrap(about, columns - 4).map((text) => lineOf(span(`  ${text}`, 'dim'))),
          ruleLine(lineOf('What that means'), '', columns, glyphs),
          ...meaning.flatMap((sentence) => sentenceLines(sentence, columns, glyphs)),
        ],
        rows,
      )}
    />
  )
}

function fieldsOf(target: Target, host: string): readonly FormField[] {
  return [
    {
      kind: 'text',
      name: 'directory',
      label: 'New directory',
      initial: target.directory,
      about: 'made if need be; must be new or empty, so that nothing can be overwritten',
    },
    {
      kind: 'choice',
      name: 'place',
      label: 'Or in place',
      initial: target.isInPlace ? 'in-place' : 'directory',
      options: [
        { value: 'directory', label: 'no, into the new directory' },
        { value: 'in-place', label: `IN PLACE: over what is on ${plainText(host)} now` },
      ],
      about: 'Space turns; in place means where it came from, over what is there',
    },
    {
      kind: 'choice',
      name: 'conflict',
      label: 'If it is there',
      initial: target.conflict,
      options: conflictModes.map((value) => ({ value, label: conflictText(value) })),
      about: 'in place only; the plan lets you decide otherwise for each path',
    },
  ]
}

/** Why one cannot go on; null where one can, or where that is not known yet. */
function refusal({ isInPlace }: Target, looked: Looked | null, wrong: string | null): string | null {
  if (isInPlace) return null
  if (wrong !== null) return wrong
  if (looked === null) return null
  if (looked.look === null) return looked.trouble?.message ?? 'the directory cannot be looked at'
  return looked.look.state === 'used' ? 'there is something in that directory: name one that is new or empty' : null
}

function directoryMeaning(looked: Looked | null, wrong: string | null, amount: Amount | null): readonly Sentence[] {
  if (wrong !== null) return [{ state: 'failed', text: wrong }]
  if (looked === null) return [{ state: 'pending', text: 'looking' }]
  if (looked.look === null) {
    const { message = '', hint = '' } = looked.trouble ?? {}
    return [
      { state: 'failed', text: plainMessage(message) },
      ...(hint === '' ? [] : [{ state: 'pending' as const, text: plainMessage(hint) }]),
    ]
  }
  const { path, state, freeBytes } = looked.look
  const where = plainMessage(path)
  return [
    state === 'new'
      ? { state: 'ok', text: `${where} does not exist yet; the restore makes it.` }
      : state === 'empty'
        ? { state: 'ok', text: `${where} is there, and empty.` }
        : { state: 'failed', text: `${where} has something in it: name a directory that is new or empty.` },
    roomSentence(freeBytes, amount),
    { state: 'ok', text: 'Nothing that is there now is touched. Look at it there, then copy what you need.' },
  ]
}

function roomSentence(freeBytes: number | null, amount: Amount | null): Sentence {
  if (freeBytes === null) return { state: 'unknown', text: 'How much is free there cannot be told.' }
  const free = `${formatBytes(freeBytes)} free there`
  if (amount === null) return { state: 'pending', text: `${free}; the plan says how much it needs.` }
  const isEnough = amount.bytes <= freeBytes
  return {
    state: isEnough ? 'ok' : 'failed',
    text: `${free}, about ${formatBytes(amount.bytes)} needed${isEnough ? '.' : ': NOT ENOUGH.'}`,
  }
}

function inPlaceMeaning({ conflict }: Target, host: string): readonly Sentence[] {
  return [
    {
      state: 'warning',
      text: `IN PLACE: it goes where it came from, on ${plainText(host)}; ${conflictText(conflict)}.`,
    },
    { state: 'ok', text: 'What it replaces is saved before; holdfast undo puts it back.' },
    { state: 'warning', text: 'Nothing is stopped: end what writes there first.' },
    { state: 'pending', text: 'The plan shows every path before anything is written, and how much room it needs.' },
  ]
}

/** A sentence behind its mark, in as many lines as it needs. */
export function sentenceLines({ state, text }: Sentence, columns: number, glyphs: Glyphs): readonly Line[] {
  const look = lookOf(state)
  return wrap(text, columns - 5).map((line, at) =>
    lineOf(
      span(at === 0 ? ` ${glyphs[state].padEnd(2)} ` : '    ', look),
      state === 'ok' || state === 'pending' ? span(line) : span(line, look),
    ),
  )
}
