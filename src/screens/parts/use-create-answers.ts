import { useMemo, useState } from 'react'
import type { CatalogEntry } from '../../model/backup.ts'
import { compressions } from '../../model/format.ts'
import { shellWord } from '../../model/shell-word.ts'
import type { SourceListing } from '../../model/source-listing.ts'
import type { ScreenArguments } from '../house/screen-arguments.ts'
import {
  type Answers,
  type Asked,
  askedFor,
  type BaseOfService,
  basesOf,
  type CreateFlag,
  type CreateType,
  createTypes,
  firstMarks,
} from '../text/create-request.ts'
import type { FormField } from '../text/form-state.ts'
import { type Form, useForm } from './form.tsx'

export interface CreateAnswersOptions {
  readonly argument: ScreenArguments['create']
  readonly listing: SourceListing
  /** Newest first. */
  readonly backups: readonly CatalogEntry[]
  readonly step: number
  /** Something lies over the steps and has the keys. */
  readonly isCovered: boolean
}

export interface CreateAnswers extends Asked {
  readonly answers: Answers
  readonly isChanged: boolean
  /** What it would build upon; null for a type that builds on nothing, and where the list cannot tell. */
  readonly bases: readonly BaseOfService[] | null
  readonly what: { readonly form: Form; readonly fields: readonly FormField[] }
  readonly how: { readonly form: Form; readonly fields: readonly FormField[] }
  setFrom(from: Answers['from']): void
  setMarks(marks: ReadonlySet<string>): void
  setFlags(flags: ReadonlySet<CreateFlag>): void
}

/** Everything a person has chosen in the wizard, on whatever step. */
export function useCreateAnswers(given: CreateAnswersOptions): CreateAnswers {
  const { argument, listing, backups, step, isCovered } = given
  const [first] = useState(() => firstOf(given))
  const [from, setFrom] = useState(first.from)
  const [marks, setMarks] = useState(first.marks)
  const [flags, setFlags] = useState<ReadonlySet<CreateFlag>>(() => new Set())
  const [whatFields] = useState(() => fieldsOfPaths(argument.paths ?? []))
  const [howFields] = useState(() => fieldsOfHow(backups.length === 0 ? 'full' : 'incremental', listing))
  const isTyping = !isCovered && step === 0 && from === 'paths'
  const isTelling = !isCovered && step === 1
  const what = useForm({ title: 'Paths', fields: whatFields, active: isTyping })
  const how = useForm({ title: 'How', fields: howFields, active: isTelling })
  const answers: Answers = {
    from,
    marks,
    flags,
    paths: what.text('paths'),
    exclude: how.text('exclude'),
    type: createTypes.find((type) => type === how.choice('type')) ?? 'full',
    compression: compressions.find((one) => one === how.choice('compression')) ?? null,
    description: how.text('description'),
  }
  const asked = askedFor(answers, listing.services)
  const { type, services, paths } = asked.options
  const wanted = services.length === 0 ? listing.services.map(({ name }) => name) : services
  const key = `${type} ${wanted.join()} ${paths.length}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` says all of the choice that matters here
  const bases = useMemo(
    () => basesOf(asked.options, wanted, backups, listing.encrypted),
    [key, backups, listing.encrypted],
  )
  return {
    ...asked,
    answers,
    bases,
    isChanged: from !== first.from || marks !== first.marks || flags.size > 0 || what.isChanged || how.isChanged,
    what: { form: what, fields: whatFields },
    how: { form: how, fields: howFields },
    setFrom,
    setMarks,
    setFlags,
  }
}

function firstOf({ argument, listing }: CreateAnswersOptions): Pick<Answers, 'from' | 'marks'> {
  const isPaths = argument.paths !== undefined || listing.services.length === 0
  return { from: isPaths ? 'paths' : 'services', marks: firstMarks(listing, argument.services) }
}

function fieldsOfPaths(paths: readonly string[]): readonly FormField[] {
  return [
    {
      kind: 'text',
      name: 'paths',
      label: 'Paths',
      initial: paths.map(shellWord).join(' '),
      about: 'blanks divide, quotes keep together; no ~, $ or * is filled in',
    },
  ]
}

function fieldsOfHow(type: CreateType, { compression }: SourceListing): readonly FormField[] {
  return [
    {
      kind: 'choice',
      name: 'type',
      label: 'Type',
      initial: type,
      options: createTypes.map((value) => ({ value, label: value })),
      about: 'Space or the arrows choose; what each means stands below',
    },
    {
      kind: 'choice',
      name: 'compression',
      label: 'Compression',
      initial: '',
      options: [
        { value: '', label: `as configured: ${compression}` },
        ...compressions.map((value) => ({ value, label: value })),
      ],
    },
    {
      kind: 'text',
      name: 'exclude',
      label: 'Leave out',
      initial: '',
      about: "gitignore patterns, divided by blanks: '*.tmp' /srv/app/cache/",
    },
    { kind: 'text', name: 'description', label: 'Description', initial: '', about: 'a line to find it by' },
  ]
}
