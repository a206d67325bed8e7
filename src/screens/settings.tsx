import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react'
import type { SettingOrigin } from '../model/configuration.ts'
import type { Capability } from '../model/console.ts'
import type { KeyDescription } from '../model/keys.ts'
import type { DoctorReport } from '../model/status.ts'
import { formatCount } from '../model/units.ts'
import { useArea, useConsole } from './house/console-context.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { FactTable } from './parts/fact-table.tsx'
import { Lines } from './parts/lines.tsx'
import { NotRead } from './parts/not-read.tsx'
import { type Loaded, notLoaded, troubleOf } from './store/loaded.ts'
import { type Column, stateColumn } from './text/columns.ts'
import type { Glyphs, State } from './text/glyphs.ts'
import { momentText } from './text/ids.ts'
import { type Line, lineOf, span } from './text/line.ts'
import { plainMessage, plainText } from './text/plain.ts'

const keys = {
  next: { keys: ['tab', 'right'], label: 'next list', about: 'settings, keys, checks: the next of them', hint: 8 },
  previous: { keys: ['shift-tab'], label: 'previous list', about: 'settings, keys, checks: the one before' },
  reread: { keys: ['r'], label: 'look again', about: 'read settings and keys and check everything anew', hint: 5 },
} as const satisfies KeyTable

type Check = DoctorReport['checks'][number]

const parts = ['settings', 'keys', 'checks'] as const
type Part = (typeof parts)[number]

function Settings(): ReactNode {
  const { glyphs, capability, engine } = useConsole()
  const { rows } = useArea()
  const [part, setPart] = useState<Part>('settings')
  const doctor = useReading(
    'checking everything',
    useCallback(() => engine.doctor(), [engine]),
  )
  const keyList = useReading(
    'reading the keys',
    useCallback(() => engine.keysList(), [engine]),
  )
  const step = (by: number) => (): void => setPart(parts[(parts.indexOf(part) + by + parts.length) % parts.length]!)
  useKeys('screen', 'Settings and keys', keys, {
    next: step(1),
    previous: step(-1),
    reread: () => {
      doctor.again()
      keyList.again()
    },
  })
  const { value: report } = doctor.loaded
  const settings = useMemo(
    () => (report === null ? [] : [...report.settings, ...ownSettings(capability)]),
    [report, capability],
  )
  const count = (value: readonly unknown[] | null | undefined): string =>
    value == null ? '' : ` ${formatCount(value.length)}`
  const troubles = report?.checks.filter(({ state }) => state === 'problem' || state === 'warning').length ?? 0
  const titles: Readonly<Record<Part, string>> = {
    settings: `Settings${count(report === null ? null : settings)}`,
    keys: `Keys${count(keyList.loaded.value)}`,
    checks: `Checks${count(report?.checks)}${troubles === 0 ? '' : ` ${glyphs.warning} ${troubles}`}`,
  }
  const tabs: Line = lineOf(
    ' ',
    ...parts.flatMap((one) =>
      one === part ? [span(`[${titles[one]}]`, 'bold'), '  '] : [span(` ${titles[one]} `, 'dim'), '  '],
    ),
  )
  const { trouble } = part === 'keys' ? keyList.loaded : doctor.loaded
  const isRead = (part === 'keys' ? keyList.loaded.value : report) !== null
  const height = rows - 1
  if (!isRead)
    return (
      <>
        <Lines lines={[tabs]} />
        <NotRead trouble={trouble} reading="Looking" rows={height} />
      </>
    )
  return (
    <>
      <Lines lines={[tabs]} />
      {part === 'settings' && (
        <FactTable
          title="Settings"
          rows={settings}
          keyOf={({ key }) => key}
          columns={settingColumns}
          words={({ key, value, from }) => `${key} ${value} ${from}`}
          details={settingDetails}
          empty="Nothing is configured: the defaults hold."
          height={height}
        />
      )}
      {part === 'keys' && (
        <FactTable
          title="Keys"
          rows={keyList.loaded.value ?? []}
          keyOf={({ kid }) => kid}
          columns={keyColumns(glyphs)}
          words={({ kid, type, label }) => `${kid} ${type} ${label}`}
          details={keyDetails}
          empty="The repository has no keys: nothing in it is encrypted."
          height={height}
        />
      )}
      {part === 'checks' && (
        <FactTable
          title="Checks"
          rows={report?.checks ?? []}
          keyOf={({ name, what }) => `${name} ${what}`}
          columns={checkColumns(glyphs)}
          words={({ name, what, state }) => `${name} ${what} ${state}`}
          details={({ what, hint }) => [
            plainMessage(what),
            ...(hint === '' ? [] : [`what to do: ${plainMessage(hint)}`]),
          ]}
          empty="There was nothing to check."
          height={height}
        />
      )}
    </>
  )
}

interface Reading<T> {
  readonly loaded: Loaded<T>
  again(): void
}

/** Read once, and again when asked. */
function useReading<T>(doing: string, read: () => Promise<T>): Reading<T> {
  const { now } = useConsole()
  const [loaded, setLoaded] = useState<Loaded<T>>(notLoaded)
  const again = useCallback(() => {
    read().then(
      (value) => setLoaded({ value, at: now(), trouble: null }),
      (error: unknown) => setLoaded((before) => ({ ...before, trouble: troubleOf(error, doing) })),
    )
  }, [read, now, doing])
  useEffect(again, [again])
  return { loaded, again }
}

/** What the console itself goes by, and how to change it. */
function ownSettings({ unicode, colors, escapeMs, maxFps, slowLink }: Capability): SettingOrigin[] {
  const from = 'environment'
  const link = slowLink ? 'SSH_CONNECTION' : 'no SSH_CONNECTION'
  return [
    { key: 'console.glyphs', value: unicode ? 'unicode' : 'ascii', from, where: 'HOLDFAST_GLYPHS, TERM, LANG' },
    { key: 'console.colours', value: colors, from, where: 'NO_COLOR, FORCE_COLOR, --no-color' },
    { key: 'console.escape', value: `${escapeMs} ms`, from, where: link },
    { key: 'console.frames', value: `${maxFps} a second`, from, where: link },
  ]
}

const settingColumns: readonly Column<SettingOrigin>[] = [
  { title: 'SETTING', width: 24, upTo: 48, priority: 0, cut: 'middle', cell: ({ key }) => plainText(key) },
  { title: 'VALUE', width: 20, upTo: 80, priority: 0, cut: 'middle', cell: ({ value }) => plainText(value) },
  {
    title: 'FROM',
    width: 11,
    priority: 0,
    cell: ({ from }) => (from === 'default' ? span(from, 'dim') : from),
  },
  { title: 'WHERE', width: 20, upTo: 60, priority: 1, cut: 'start', cell: ({ where }) => plainText(where ?? '') },
]

function settingDetails({ key, value, from, where }: SettingOrigin): readonly string[] {
  return [
    `${plainText(key)} = ${plainText(value)}`,
    from === 'default' ? 'the default' : `from ${from}${where === undefined ? '' : `: ${plainText(where)}`}`,
  ]
}

function keyColumns(glyphs: Glyphs): readonly Column<KeyDescription>[] {
  return [
    {
      title: 'S',
      width: glyphs.ok.length,
      priority: 0,
      cell: ({ current }) => (current ? span(glyphs.ok, 'ok') : ' '),
    },
    { title: 'FINGERPRINT', width: 16, upTo: 64, priority: 0, cell: ({ kid }) => plainText(kid) },
    { title: 'TYPE', width: 10, priority: 0, cell: ({ type }) => plainText(type) },
    { title: 'CREATED', width: 17, priority: 1, cell: ({ created }) => momentText(created) },
    { title: 'LABEL', width: 12, upTo: 60, priority: 0, cell: ({ label }) => plainText(label) },
  ]
}

function keyDetails({ kid, label, current, created, type }: KeyDescription): readonly string[] {
  return [
    `${plainText(kid)}  ${plainText(label)}`,
    `${plainText(type)}, made ${momentText(created)}; ${current ? 'the key at hand now' : 'not the key at hand now'}. One more: holdfast keys add`,
  ]
}

const checkStates: Readonly<Record<Check['state'], State>> = {
  ok: 'ok',
  notice: 'pending',
  warning: 'warning',
  problem: 'failed',
}

function checkColumns(glyphs: Glyphs): readonly Column<Check>[] {
  return [
    stateColumn(glyphs, ({ state }) => checkStates[state]),
    { title: 'CHECK', width: 12, priority: 0, cell: ({ name }) => plainText(name) },
    { title: 'WHAT', width: 30, upTo: 200, priority: 0, cell: ({ what }) => plainMessage(what) },
  ]
}

export const settings: ScreenSpec<'settings'> = {
  id: 'settings',
  title: 'Settings and keys',
  digit: 7,
  keys,
  aliases: ['keys', 'configuration', 'doctor'],
  Screen: Settings,
}
