import type { ReactNode } from 'react'
import type { SourceListing } from '../../model/source-listing.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import { exactly } from '../text/boxes.ts'
import { factLines, flagTexts, typeMeanings } from '../text/create-lines.ts'
import type { Wrong } from '../text/create-request.ts'
import { wrap } from '../text/cut.ts'
import type { Glyphs } from '../text/glyphs.ts'
import { type Line, lineOf, span } from '../text/line.ts'
import { plainText } from '../text/plain.ts'
import { useFormLines } from './form.tsx'
import { Lines } from './lines.tsx'
import type { CreateAnswers } from './use-create-answers.ts'

/** The steps of the create wizard that are forms, each exactly `rows` high. */
export interface FormStepProps {
  readonly chosen: CreateAnswers
  readonly rows: number
  /** False: a dialog has the keys. */
  readonly isActive: boolean
}

/** Paths as on a command line, and below it what was understood. */
export function PathStep({
  chosen,
  rows,
  isActive,
  listing,
}: FormStepProps & { readonly listing: SourceListing }): ReactNode {
  const { glyphs } = useConsole()
  const { columns } = useArea()
  const { form, fields } = chosen.what
  const lines = useFormLines(fields, form, columns, isActive)
  const { paths } = chosen.options
  const note =
    listing.services.length === 0
      ? 'no services are configured: backup_config.json names them'
      : 'Ctrl-T: the configured services'
  const title = lineOf('Paths ', span(String(paths.length), 'bold'))
  return (
    <Lines
      lines={exactly(
        [
          ruleLine(title, note, columns, glyphs),
          ...lines,
          ...helpLines(fields.find(({ name }) => name === form.focus)?.about ?? '', columns),
          ...(form.text('paths').trim() === '' ? [] : wrongLines(chosen.wrong, 0, columns, glyphs)),
          ...paths.flatMap((path) =>
            wrap(`${glyphs.dot} ${plainText(path)}`, columns - 4).map((text) => lineOf(`   ${text}`)),
          ),
        ],
        rows,
      )}
    />
  )
}

/** Type, compression, what is left out, description; what the type builds upon, and the options that are on. */
export function HowStep({ chosen, rows, isActive, bases }: FormStepProps & { readonly bases: string }): ReactNode {
  const { glyphs } = useConsole()
  const { columns } = useArea()
  const { form, fields } = chosen.how
  const lines = useFormLines(fields, form, columns, isActive)
  const { type } = chosen.options
  const flags = flagTexts(chosen.options)
  return (
    <Lines
      lines={exactly(
        [
          ruleLine(lineOf('How'), 'Ctrl-O: options', columns, glyphs),
          ...lines,
          ...helpLines(fields.find(({ name }) => name === form.focus)?.about ?? '', columns),
          ...wrongLines(chosen.wrong, 1, columns, glyphs),
          ruleLine(lineOf('What it means'), '', columns, glyphs),
          ...factLines('type', `${type}: ${typeMeanings[type]}`, columns),
          ...factLines('builds on', bases, columns),
          ...factLines('options', flags === '' ? 'none' : flags, columns),
        ],
        rows,
      )}
    />
  )
}

function helpLines(about: string, columns: number): readonly Line[] {
  return about === '' ? [[]] : wrap(about, columns - 4).map((text) => lineOf(span(`  ${text}`, 'dim')))
}

/** What is wrong on this step. */
function wrongLines(wrong: Wrong | null, step: Wrong['step'], columns: number, glyphs: Glyphs): readonly Line[] {
  if (wrong === null || wrong.step !== step) return []
  return wrap(wrong.why, columns - 4).map((text, at) =>
    lineOf(span(at === 0 ? ` ${glyphs.warning} ${text}` : `   ${text}`, 'warning')),
  )
}
