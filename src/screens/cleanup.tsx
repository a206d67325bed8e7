import { type ReactNode, useMemo, useState } from 'react'
import { cleanupPolicy } from '../engine/plan/cleanup-policy.ts'
import { decideRetention } from '../engine/plan/retention.ts'
import { planCleanup } from '../engine/plan/retention-cleanup.ts'
import { suggestedCounts } from '../engine/plan/retention-policy.ts'
import type { CatalogEntry } from '../model/backup.ts'
import type { RetentionCounts, RetentionDecision, RetentionGround, RetentionPolicy } from '../model/retention.ts'
import { formatBytes, formatCount } from '../model/units.ts'
import { useArea, useConsole, useLoaded } from './house/console-context.ts'
import { ruleLine } from './house/header.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { CleanupDialog } from './parts/cleanup-dialog.tsx'
import { useFilter } from './parts/filter.tsx'
import { Lines } from './parts/lines.tsx'
import { NotRead } from './parts/not-read.tsx'
import { TableView, useTable } from './parts/table.tsx'
import { TextOverlay } from './parts/text-overlay.tsx'
import { WhatIf } from './parts/what-if.tsx'
import { exactly } from './text/boxes.ts'
import type { Column } from './text/columns.ts'
import { wrap } from './text/cut.ts'
import type { FilterField } from './text/filter.ts'
import type { Glyphs } from './text/glyphs.ts'
import { momentText, shortId, shortMoment } from './text/ids.ts'
import { type Line, lineOf, span } from './text/line.ts'
import { plainText } from './text/plain.ts'
import { countsText, policyWords } from './text/policy-words.ts'

const keys = {
  inspect: { keys: ['enter'], label: 'inspect', about: 'look into this backup', hint: 6, needs: 'inspect' },
  whatIf: { keys: ['='], label: 'what if', about: 'try another policy here; nothing is changed by it', hint: 9 },
  asConfigured: { keys: ['escape'], label: 'as configured', about: 'back to the policy that is configured', hint: 8 },
  going: { keys: ['h'], label: 'only what goes', about: 'hide what stays, or show it again', hint: 7 },
  remove: {
    keys: ['D'],
    label: 'delete',
    about: 'delete what goes now, and mark what goes later; shows what that is, and asks',
    danger: 2,
    hint: 8,
  },
  policy: { keys: ['p'], label: 'policy', about: 'the whole policy in words', hint: 5 },
} as const satisfies KeyTable

/** Which backups would go and which stay, and why; and lets them go. */
function Cleanup(): ReactNode {
  const { store } = useConsole()
  const loaded = useLoaded(store.retention)
  if (loaded.value !== null) return <Decisions ground={loaded.value} now={loaded.at ?? 0} />
  return <NotRead trouble={loaded.trouble} reading="Reading the backups…" />
}

interface Row {
  readonly entry: CatalogEntry
  readonly decision: RetentionDecision
}

function Decisions({ ground, now }: { readonly ground: RetentionGround; readonly now: number }): ReactNode {
  const { glyphs, open, facts } = useConsole()
  const { columns, rows } = useArea()
  const [tried, setTried] = useState<RetentionCounts | null>(null)
  const [overlay, setOverlay] = useState<'what-if' | 'policy' | 'delete' | null>(null)
  const [onlyGoing, setOnlyGoing] = useState(false)
  const policy = useMemo(
    () =>
      tried === null
        ? ground.policy
        : cleanupPolicy({ kind: 'by-hand', counts: tried, graceHours: 0 }, ground.policy).policy,
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
    remove: () => setOverlay('delete'),
    policy: () => setOverlay('policy'),
  })
  const close = (): void => setOverlay(null)
  const tableColumns = useMemo(() => columnsOf(glyphs, now), [glyphs, now])
  const title = lineOf(onlyGoing ? 'What goes ' : 'Backups ', span(formatCount(filter.rows.length), 'bold'))
  return (
    <>
      <Lines
        lines={[
          ...head,
          ruleLine(title, facts.readOnly ? 'read-only' : 'what goes first', columns, glyphs),
          ...(filterLine === null ? [] : [filterLine]),
        ]}
      />
      <TableView table={table} columns={tableColumns} width={columns} />
      <Lines lines={exactly(reasonLines(table.row, now, columns), 2)} />
      {overlay === 'what-if' && (
        <WhatIf
          initial={tried ?? suggestedCounts}
          onClose={close}
          onTry={(counts) => {
            setTried(counts)
            close()
          }}
        />
      )}
      {overlay === 'delete' && (
        <CleanupDialog
          rules={tried === null ? { kind: 'configured' } : { kind: 'by-hand', counts: tried, graceHours: 0 }}
          policy={policy}
          onClose={close}
        />
      )}
      {overlay === 'policy' && (
        <PolicyOverlay policy={policy} idle={tried === null ? ground.idle : []} onClose={close} />
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
  const plan = planCleanup(backups, decisions, now)
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
    ripe: plan.delete.length,
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

function reasonLines(row: Row | null, now: number, columns: number): readonly Line[] {
  if (row === null) return []
  const { entry, decision } = row
  const text = `${entry.id}: ${decision.keep ? 'stays' : goesWhen(row, now)}: ${decision.reasons.map(plainText).join('; ')}`
  return wrap(text, columns - 2).map((line) => lineOf(` ${line}`))
}

/** `goes`, `expiring, goes after 11-22 00:00`; before its grace has begun, how that begins. */
function goesWhen({ entry, decision: { expiresAt } }: Row, now: number): string {
  if (expiresAt === null || expiresAt <= now) return 'goes'
  if (entry.expiringSince == null) return 'to be marked by the next cleanup, goes a grace later'
  return `expiring, goes after ${momentText(new Date(expiresAt).toISOString())}`
}

function expiringWord({ entry, decision: { expiresAt } }: Row, now: number): string {
  if (expiresAt === null || expiresAt <= now || entry.expiringSince == null) return ''
  return `from ${shortMoment(new Date(expiresAt).toISOString())}: `
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

function columnsOf(glyphs: Glyphs, now: number): readonly Column<Row>[] {
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
      cell: (row) => `${expiringWord(row, now)}${row.decision.reasons.map(plainText).join('; ')}`,
    },
  ]
}

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
  const linesIn = (width: number): readonly Line[] => [
    ...policyWords(policy)
      .flatMap((text) => wrap(text, width))
      .map((text) => lineOf(text)),
    ...idle
      .flatMap((text) => wrap(`${glyphs.warning} ${plainText(text)}`, width))
      .map((text) => lineOf(span(text, 'warning'))),
  ]
  return <TextOverlay title="The policy" columns={70} lines={linesIn} onClose={onClose} />
}

export const cleanup: ScreenSpec<'cleanup'> = {
  id: 'cleanup',
  title: 'Cleanup',
  digit: 4,
  keys,
  aliases: ['retention', 'prune', 'forget'],
  Screen: Cleanup,
}
