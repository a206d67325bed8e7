import { type ReactNode, useMemo, useState } from 'react'
import { decideRetention } from '../engine/plan/retention.ts'
import { planCleanup } from '../engine/plan/retention-cleanup.ts'
import { policyFromCounts, suggestedCounts } from '../engine/plan/retention-policy.ts'
import type { CatalogEntry } from '../model/backup.ts'
import type { RetentionCounts, RetentionDecision, RetentionGround, RetentionPolicy } from '../model/retention.ts'
import { formatBytes, formatCount } from '../model/units.ts'
import { useArea, useConsole, useLoaded } from './house/console-context.ts'
import { ruleLine } from './house/header.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { useFilter } from './parts/filter.tsx'
import { useForm, useFormLines } from './parts/form.tsx'
import { Lines } from './parts/lines.tsx'
import { Above, Overlay } from './parts/overlay.tsx'
import { TableView, useTable } from './parts/table.tsx'
import { emptyLines, exactly, troubleLines } from './text/boxes.ts'
import type { Column } from './text/columns.ts'
import { wrap } from './text/cut.ts'
import type { FilterField } from './text/filter.ts'
import type { FormField } from './text/form-state.ts'
import type { Glyphs } from './text/glyphs.ts'
import { momentText, shortId, shortMoment } from './text/ids.ts'
import { type Line, lineOf, span } from './text/line.ts'
import { plainText } from './text/plain.ts'
import { countsFrom, countsText, policyWords } from './text/policy-words.ts'

const keys = {
  inspect: { keys: ['enter'], label: 'inspect', about: 'look into this backup', hint: 6, needs: 'inspect' },
  whatIf: { keys: ['='], label: 'what if', about: 'try another policy here; nothing is changed by it', hint: 9 },
  asConfigured: { keys: ['escape'], label: 'as configured', about: 'back to the policy that is configured', hint: 8 },
  going: { keys: ['h'], label: 'only what goes', about: 'hide what stays, or show it again', hint: 7 },
  policy: { keys: ['p'], label: 'policy', about: 'the whole policy in words', hint: 5 },
} as const satisfies KeyTable

/** Which backups would go and which stay, and why. It decides nothing for good: there is no delete here yet. */
function Cleanup(): ReactNode {
  const { glyphs, store } = useConsole()
  const { columns, rows } = useArea()
  const loaded = useLoaded(store.retention)
  if (loaded.value !== null) return <Decisions ground={loaded.value} now={loaded.at ?? 0} />
  const lines =
    loaded.trouble === null
      ? emptyLines('Reading the backups…', '', columns)
      : troubleLines(loaded.trouble, 'r tries again', columns, glyphs)
  return <Lines lines={exactly(lines, rows)} />
}

interface Row {
  readonly entry: CatalogEntry
  readonly decision: RetentionDecision
}

function Decisions({ ground, now }: { readonly ground: RetentionGround; readonly now: number }): ReactNode {
  const { glyphs, open } = useConsole()
  const { columns, rows } = useArea()
  const [tried, setTried] = useState<RetentionCounts | null>(null)
  const [overlay, setOverlay] = useState<'what-if' | 'policy' | null>(null)
  const [onlyGoing, setOnlyGoing] = useState(false)
  const policy = useMemo(
    () => (tried === null ? ground.policy : policyFromCounts(tried, ground.policy.zone)),
    [ground, tried],
  )
  const all = useMemo(() => rowsOf(ground, policy, now), [ground, policy, now])
  const listed = useMemo(
    () => (onlyGoing ? all.rows.filter(({ decision }) => !decision.keep) : all.rows),
    [all, onlyGoing],
  )
  const filter = useFilter({ rows: listed, fields, words: wordsOf, active: overlay === null })
  const filterLine = filter.line(columns)
  const head = headLines(all, policy, tried, columns, glyphs)
  const height = Math.max(1, rows - head.length - (filterLine === null ? 0 : 1) - 4)
  const table = useTable({
    title: 'Decisions',
    rows: filter.rows,
    keyOf: ({ entry }) => entry.id,
    height,
    active: !filter.isEditing,
  })
  useKeys('screen', 'Cleanup', keys, {
    inspect: table.row !== null && (() => open('inspect', { backup: table.row!.entry.id })),
    whatIf: () => setOverlay('what-if'),
    asConfigured: tried !== null && (() => setTried(null)),
    going: () => setOnlyGoing(!onlyGoing),
    policy: () => setOverlay('policy'),
  })
  const close = (): void => setOverlay(null)
  const tableColumns = useMemo(() => columnsOf(glyphs), [glyphs])
  const title = lineOf(onlyGoing ? 'What goes ' : 'Backups ', span(formatCount(filter.rows.length), 'bold'))
  return (
    <>
      <Lines
        lines={[
          ...head,
          ruleLine(title, 'nothing is deleted here', columns, glyphs),
          ...(filterLine === null ? [] : [filterLine]),
        ]}
      />
      <TableView table={table} columns={tableColumns} width={columns} />
      <Lines lines={exactly(reasonLines(table.row, columns), 2)} />
      {overlay === 'what-if' && (
        <Above>
          <WhatIf
            initial={tried ?? suggestedCounts}
            onClose={close}
            onTry={(counts) => {
              setTried(counts)
              close()
            }}
          />
        </Above>
      )}
      {overlay === 'policy' && (
        <Above>
          <PolicyOverlay policy={policy} idle={tried === null ? ground.idle : []} onClose={close} />
        </Above>
      )}
    </>
  )
}

interface AllRows {
  /** What goes first, the oldest of it first; then what stays, the newest first. */
  readonly rows: readonly Row[]
  readonly going: number
  readonly goingBytes: number
  readonly staying: number
  readonly stayingBytes: number
  /** ISO 8601 UTC; null where nothing stays. */
  readonly oldestStaying: string | null
  /** Of those that go, how many may be deleted now. */
  readonly ripe: number
}

function rowsOf({ backups, entries }: RetentionGround, policy: RetentionPolicy, now: number): AllRows {
  const decisions = decideRetention(backups, policy, now)
  const plan = planCleanup(backups, decisions, policy, now)
  const rows = decisions.flatMap((decision): Row[] => {
    const entry = entries.get(decision.backup)
    return entry === undefined ? [] : [{ entry, decision }]
  })
  const going = rows.filter(({ decision }) => !decision.keep)
  const staying = rows.filter(({ decision }) => decision.keep)
  const bytesOf = (some: readonly Row[]): number => some.reduce((sum, { entry }) => sum + entry.sizeBytes, 0)
  return {
    rows: [...going.toReversed(), ...staying],
    going: going.length,
    goingBytes: bytesOf(going),
    staying: staying.length,
    stayingBytes: bytesOf(staying),
    oldestStaying: staying.findLast(({ entry }) => entry.missing !== true)?.entry.createdAt ?? null,
    ripe: plan.delete.length + plan.waiting.length,
  }
}

function headLines(
  all: AllRows,
  policy: RetentionPolicy,
  tried: RetentionCounts | null,
  columns: number,
  glyphs: Glyphs,
): readonly Line[] {
  const oldest =
    all.rows.length === 0
      ? 'there is no backup yet'
      : all.oldestStaying === null
        ? 'nothing would be left'
        : `oldest that stays: ${momentText(all.oldestStaying)}`
  const words = policyWords(policy)
  const first = wrap(words[0]!, columns - 16)[0]!
  const which =
    tried === null
      ? lineOf(span(' Policy  ', 'dim'), first, words.length > 2 ? `, and ${words.length - 2} more: p` : '')
      : lineOf(
          span(' WHAT IF  ', 'warning'),
          span(countsText(tried) || 'nothing kept by rule', 'bold'),
          '  instead of the configured policy; Esc goes back',
        )
  return [
    which,
    lineOf(
      span(` ${glyphs.skipped} ${formatCount(all.going)} would go`, all.going > 0 ? 'warning' : undefined),
      `, ${formatBytes(all.goingBytes)}`,
      `   = ${formatCount(all.staying)} stay, ${formatBytes(all.stayingBytes)}`,
      all.ripe < all.going ? span(`   ${formatCount(all.going - all.ripe)} only after a grace`, 'dim') : '',
    ),
    lineOf(span(` ${oldest}`, 'dim')),
  ]
}

function reasonLines(row: Row | null, columns: number): readonly Line[] {
  if (row === null) return []
  const { entry, decision } = row
  const text = `${entry.id}: ${decision.keep ? 'stays' : 'goes'}: ${decision.reasons.map(plainText).join('; ')}`
  return wrap(text, columns - 2).map((line) => lineOf(` ${line}`))
}

const fields: readonly FilterField<Row>[] = [
  { name: 'id', kind: 'text', of: ({ entry }) => entry.id },
  { name: 'service', kind: 'text', of: ({ entry }) => entry.services.join(' ') },
  { name: 'type', kind: 'text', of: ({ entry }) => entry.type },
  { name: 'why', kind: 'text', of: ({ decision }) => decision.reasons.join(' ') },
  { name: 'size', kind: 'size', of: ({ entry }) => entry.sizeBytes },
]

function wordsOf({ entry, decision }: Row): string {
  return [entry.id, entry.type, ...entry.services, decision.keep ? 'stays' : 'goes', ...decision.reasons].join(' ')
}

function columnsOf(glyphs: Glyphs): readonly Column<Row>[] {
  return [
    {
      title: '',
      width: 1,
      priority: 0,
      cell: ({ decision }) => (decision.keep ? '=' : span(glyphs.skipped, 'warning')),
    },
    { title: 'ID', width: 4, priority: 0, cell: ({ entry }) => shortId(entry.id) },
    { title: 'WHEN', width: 11, priority: 0, cell: ({ entry }) => shortMoment(entry.createdAt) },
    { title: 'TYPE', width: 12, priority: 4, cell: ({ entry }) => entry.type },
    {
      title: 'SERVICES',
      width: 10,
      upTo: 24,
      priority: 3,
      cell: ({ entry }) => entry.services.map(plainText).join(','),
    },
    { title: 'SIZE', width: 9, align: 'right', priority: 1, cell: ({ entry }) => formatBytes(entry.sizeBytes) },
    {
      title: 'WHY',
      width: 24,
      upTo: 120,
      priority: 0,
      cell: ({ decision }) => decision.reasons.map(plainText).join('; '),
    },
  ]
}

const overlayColumns = 70

function WhatIf({
  initial,
  onTry,
  onClose,
}: {
  readonly initial: RetentionCounts
  onTry(counts: RetentionCounts): void
  onClose(): void
}): ReactNode {
  const { glyphs } = useConsole()
  const [formFields] = useState<readonly FormField[]>(() => [
    { kind: 'text', name: 'counts', label: 'Keep', initial: countsText(initial) },
  ])
  const form = useForm({
    title: 'What if',
    fields: formFields,
    submit: () => {
      if (typeof counts !== 'string') onTry(counts)
    },
    cancel: onClose,
  })
  const counts = countsFrom(form.text('counts'))
  const lines = useFormLines(formFields, form, overlayColumns - 4)
  useKeys('dialog', 'What if', {}, {}, { modal: true })
  const wrong =
    typeof counts === 'string'
      ? wrap(counts, overlayColumns - 8).map((text) => lineOf(span(`${glyphs.failed} ${text}`, 'failed')))
      : []
  return (
    <Overlay
      title="What if the policy were"
      columns={overlayColumns}
      lines={[
        ...lines,
        [],
        ...(wrong.length > 0
          ? wrong
          : [lineOf(span('keep days daily weekly monthly quarterly yearly minimum', 'dim'))]),
        lineOf(span('Enter', 'bold'), ' shows what would go   ', span('Esc', 'bold'), ' closes'),
      ]}
    />
  )
}

const policyKeys = {
  close: { keys: ['escape', 'q', 'enter', 'p'], label: 'close', about: 'close the policy', hint: 9 },
} as const satisfies KeyTable

function PolicyOverlay({
  policy,
  idle,
  onClose,
}: {
  readonly policy: RetentionPolicy
  readonly idle: readonly string[]
  onClose(): void
}): ReactNode {
  const { glyphs } = useConsole()
  useKeys('dialog', 'Policy', policyKeys, { close: onClose }, { modal: true })
  const lines = [
    ...policyWords(policy)
      .flatMap((text) => wrap(text, overlayColumns - 6))
      .map((text) => lineOf(text)),
    ...idle
      .flatMap((text) => wrap(`${glyphs.warning} ${plainText(text)}`, overlayColumns - 6))
      .map((text) => lineOf(span(text, 'warning'))),
    [],
    lineOf(span('Esc', 'bold'), ' closes'),
  ]
  return <Overlay title="The policy" columns={overlayColumns} lines={lines} />
}

export const cleanup: ScreenSpec<'cleanup'> = {
  id: 'cleanup',
  title: 'Cleanup',
  digit: 4,
  keys,
  aliases: ['retention', 'prune', 'forget'],
  Screen: Cleanup,
}
