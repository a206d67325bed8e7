import { type ReactNode, useState } from 'react'
import type { CatalogEntry } from '../model/backup.ts'
import type { SourceListing } from '../model/source-listing.ts'
import { useArea, useConsole, useLoaded, useMinute } from './house/console-context.ts'
import { ruleLine } from './house/header.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { ScreenArguments } from './house/screen-arguments.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { AskDialog } from './parts/confirm-dialog.tsx'
import { CreateOptionsOverlay } from './parts/create-options.tsx'
import { HowStep, PathStep } from './parts/create-steps.tsx'
import { Lines } from './parts/lines.tsx'
import { NotRead } from './parts/not-read.tsx'
import { ServiceChoice, type ServiceRow, useServices } from './parts/service-choice.tsx'
import type { TableState } from './parts/table.tsx'
import { TextOverlay } from './parts/text-overlay.tsx'
import { useCounting } from './parts/use-counting.ts'
import { type CreateAnswers, useCreateAnswers } from './parts/use-create-answers.ts'
import { useStart } from './parts/use-start.tsx'
import { Poller } from './store/poller.ts'
import {
  amountText,
  baseText,
  countingLines,
  countingWord,
  reviewLines,
  whatText,
  withMore,
} from './text/create-lines.ts'
import { countedBy, createWords, wrongWith } from './text/create-request.ts'
import { type Line, lineOf } from './text/line.ts'
import { plainMessage, plainText } from './text/plain.ts'
import { commandText } from './text/shell.ts'
import { stepLine } from './text/step-line.ts'

const keys = {
  goOn: { keys: ['enter', 'ctrl-n'], label: 'go on', about: 'to the next step', hint: 9 },
  begin: { keys: ['C'], label: 'create', about: 'make this backup, after a question', danger: 1, hint: 9 },
  mark: { keys: ['space'], label: 'mark', about: 'take this service, or leave it', hint: 8 },
  all: { keys: ['a'], label: 'all', about: 'mark all services that can be backed up, or none', hint: 5 },
  from: {
    keys: ['ctrl-t'],
    label: 'paths or services',
    about: 'type paths in the place of services, or the other way round',
    hint: 6,
  },
  options: { keys: ['ctrl-o'], label: 'options', about: 'one file system, caches, volumes, empty paths', hint: 6 },
  more: {
    keys: ['ctrl-g', 'd'],
    label: 'details',
    about: 'all of what is to be done, and all that was counted',
    hint: 5,
  },
} as const satisfies KeyTable

/** The way through the steps; below forms, which eat what they know. */
const wayKeys = {
  before: {
    keys: ['escape', 'ctrl-p', 'left', 'backspace', 'q'],
    label: 'back',
    about: 'one step back; what was chosen stays',
    hint: 7,
  },
} as const satisfies KeyTable

const steps = ['What', 'How', 'Review']
/** The paths are looked at again, in case a disk was mounted meanwhile. */
const sourcesRestMs = 30_000
const sourcesShare = 600

function Create({ argument }: { readonly argument: ScreenArguments['create'] }): ReactNode {
  const { engine, store, now } = useConsole()
  const [sources] = useState(
    () =>
      new Poller<SourceListing>({
        doing: 'reading what is configured',
        read: () => engine.sources(),
        same: (before, after) => JSON.stringify(before) === JSON.stringify(after),
        pauseMs: () => sourcesRestMs,
        idleShare: sourcesShare,
        now,
      }),
  )
  const { value, trouble } = useLoaded(sources)
  const list = useLoaded(store.list)
  if (value === null || (list.value === null && list.trouble === null))
    return <NotRead trouble={trouble} reading="Reading what is configured" next="Esc goes back" />
  // Without a repository there is nothing to build upon; the first backup makes one.
  const isUnknown = list.value === null && list.trouble?.code !== 'E_NO_REPOSITORY'
  const unknown = isUnknown ? (list.trouble?.message ?? '') : null
  return <Wizard argument={argument} listing={value} backups={list.value?.backups ?? noBackups} unknown={unknown} />
}

const noBackups: readonly CatalogEntry[] = []

interface WizardProps {
  readonly argument: ScreenArguments['create']
  readonly listing: SourceListing
  readonly backups: readonly CatalogEntry[]
  /** Why it is not known what backups there are; null where it is. */
  readonly unknown: string | null
}

type Open = 'options' | 'begin' | 'leave' | 'more' | null

function Wizard({ argument, listing, backups, unknown }: WizardProps): ReactNode {
  const { back, facts, glyphs, say } = useConsole()
  const { columns, rows } = useArea()
  const now = useMinute()
  const [step, setStep] = useState(0)
  const [open, setOpen] = useState<Open>(null)
  const close = (): void => setOpen(null)
  const { start, shown } = useStart(close, { replaces: true })
  const goOn = (): void => {
    const { wrong } = chosen
    if (wrong !== null && wrong.step <= step) say(wrong.why)
    else if (step < steps.length - 1) setStep(step + 1)
    else if (!facts.readOnly) setOpen('begin')
  }
  const goBack = (): void => {
    if (step > 0) setStep(step - 1)
    else if (chosen.isChanged) setOpen('leave')
    else back()
  }
  const chosen = useCreateAnswers({ argument, listing, backups, step, isCovered: open !== null })
  const { options, wrong, answers } = chosen
  const counting = useCounting(wrong === null ? countedBy(options) : null, wrong?.why ?? '')
  const countRows = rows < 16 ? 3 : 6
  const body = rows - 1 - countRows
  const isListed = step === 0 && answers.from === 'services'
  const table = useServices(listing, answers.marks, backups, body, isListed && open === null)
  useWizardKeys({ chosen, listing, table, step, isCovered: open !== null, goOn, goBack, setOpen })
  const command = commandText(facts, createWords(options))
  const bases =
    unknown === null
      ? baseText(options.type, chosen.bases, now)
      : `what older backups there are cannot be told: ${plainMessage(unknown)}`
  const review = (width: number): readonly Line[] =>
    reviewLines(options, listing, { root: facts.root, bases, command }, width)
  const counted = (width: number): readonly Line[] => countingLines(counting, options, width, glyphs)
  return (
    <>
      <Lines lines={[stepLine(steps, step, 'nothing is written yet', columns, glyphs)]} />
      {isListed && <ServiceChoice table={table} rows={body} marked={answers.marks.size} />}
      {step === 0 && !isListed && <PathStep chosen={chosen} listing={listing} rows={body} isActive={open === null} />}
      {step === 1 && <HowStep chosen={chosen} bases={bases} rows={body} isActive={open === null} />}
      {step === 2 && (
        <Lines lines={withMore([ruleLine(lineOf('Review'), '', columns, glyphs), ...review(columns)], body, moreKey)} />
      )}
      <Lines
        lines={withMore(
          [ruleLine(lineOf('What it would take'), countingWord(counting), columns, glyphs), ...counted(columns)],
          countRows,
          moreKey,
        )}
      />
      {open === 'options' && (
        <CreateOptionsOverlay
          flags={answers.flags}
          onClose={close}
          onDone={(flags) => {
            close()
            chosen.setFlags(flags)
          }}
        />
      )}
      {open === 'more' && (
        <TextOverlay title="This backup" lines={(width) => [...review(width), [], ...counted(width)]} onClose={close} />
      )}
      {open === 'leave' && (
        <AskDialog
          title="Leave without a backup?"
          facts={['What was chosen here is forgotten. Nothing was made.']}
          command={null}
          verb="leaves"
          onCancel={close}
          onYes={back}
        />
      )}
      {open === 'begin' &&
        (shown ?? (
          <AskDialog
            title="Make this backup?"
            facts={[
              `${options.type} backup of ${whatText(options, listing, glyphs)}, into ${plainText(facts.root)}.`,
              amountText(counting),
              'It runs in a process of its own, and goes on when the console is left.',
            ]}
            command={command}
            verb="makes it"
            onCancel={close}
            onYes={() => start({ kind: 'create', options })}
          />
        ))}
    </>
  )
}

const moreKey = 'Ctrl-G'

interface WizardKeys {
  readonly chosen: CreateAnswers
  readonly listing: SourceListing
  readonly table: TableState<ServiceRow>
  readonly step: number
  readonly isCovered: boolean
  goOn(): void
  goBack(): void
  setOpen(open: Open): void
}

function useWizardKeys({ chosen, listing, table, step, isCovered, goOn, goBack, setOpen }: WizardKeys): void {
  const { facts } = useConsole()
  const { from, marks } = chosen.answers
  const { row } = table
  const isListed = step === 0 && from === 'services'
  const good = listing.services.filter((service) => wrongWith(service) === null)
  const isLast = step === steps.length - 1
  const options = { active: !isCovered }
  useKeys(
    'screen',
    'Create',
    keys,
    {
      goOn: !(isLast && facts.readOnly) && goOn,
      begin: isLast && goOn,
      mark: isListed && row !== null && (() => chosen.setMarks(toggled(marks, row.service.name))),
      all: isListed && (() => chosen.setMarks(new Set(marks.size >= good.length ? [] : good.map(({ name }) => name)))),
      from:
        step === 0 && listing.services.length > 0 && (() => chosen.setFrom(from === 'services' ? 'paths' : 'services')),
      options: step > 0 && (() => setOpen('options')),
      more: () => setOpen('more'),
    },
    options,
  )
  useKeys('pane', 'Steps', wayKeys, { before: goBack }, options)
}

function toggled(marks: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const next = new Set(marks)
  if (!next.delete(name)) next.add(name)
  return next
}

export const create: ScreenSpec<'create'> = {
  id: 'create',
  title: 'Create',
  digit: null,
  keys,
  aliases: ['backup', 'back up'],
  keeps: true,
  Screen: Create,
}
