import { expect, test } from 'vitest'
import type { Change, DiffOptions, DiffResult, DiffWatch } from '../../src/model/diff.ts'
import type { Engine } from '../../src/model/engine.ts'
import { BackupError } from '../../src/model/errors.ts'
import type { BytePath } from '../../src/model/path.ts'
import { mostHeld } from '../../src/screens/store/diff-reading.ts'
import { tocEntry } from '../commands/pretend-engine.ts'
import { terminals } from './fits-kit.ts'
import { expectGolden } from './golden-file.ts'
import { key, misfits, type OpenedConsole, openConsole, type Setting } from './harness.tsx'
import { hostileNames } from './hostile.ts'
import { pretendBrowser } from './pretend-browser.ts'
import { backupId } from './sample.ts'

/** Marked on the list: the newest two; the second is the older. */
const newer = backupId(0, 'incremental')
const older = backupId(1, 'incremental')
const kib = 1024

function change(path: string, kind: Change['change'], more: Partial<Change> = {}): Change {
  const bytes = Buffer.from(path).toString('latin1') as BytePath
  const before = kind === 'added' ? null : tocEntry(bytes, { sizeBytes: 10 * kib })
  const after =
    kind === 'removed' ? null : tocEntry(bytes, { sizeBytes: 10 * kib, mtimeNs: 1_750_000_000_000_000_000n })
  return { service: 'web', path: bytes, change: kind, from: null, before, after, attributes: [], ...more }
}

const changes: readonly Change[] = [
  change('etc/hosts', 'changed', {
    after: tocEntry('etc/hosts', { sizeBytes: 12 * kib, sha256: 'cd'.repeat(32) }),
    attributes: ['content', 'size'],
  }),
  change('etc/mode', 'metadata', {
    after: tocEntry('etc/mode', { sizeBytes: 10 * kib, mode: 0o600 }),
    attributes: ['mode'],
  }),
  change('etc/new', 'added'),
  change('etc/old', 'removed'),
  change('srv/moved', 'renamed', { from: 'srv/there' as BytePath }),
]

/** A comparison that tells these, and ends when it is let go, or stopped. */
function comparing(told: readonly Change[], more: Partial<DiffResult> = {}, end: Promise<unknown> = Promise.resolve()) {
  const asked: DiffOptions[] = []
  const diff: Engine['diff'] = async (options, take, watch) => {
    asked.push(options)
    for (const one of told) await take(one)
    watch?.progress(600, 1000)
    await Promise.race([end, stopped(watch)])
    watch?.progress(1000, 1000)
    return {
      from: older,
      to: newer,
      counts: { added: 0, removed: 0, changed: 0, metadata: 0, renamed: 0 },
      warnings: [],
      ...more,
    }
  }
  return { asked, diff }
}

function stopped(watch: DiffWatch | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    watch?.signal.addEventListener('abort', () => reject(new BackupError('E_INTERRUPTED', 'given up')))
  })
}

async function openDiff(engine: Partial<Engine>, setting: Setting = {}): Promise<OpenedConsole> {
  const console = await openConsole({ engine, ...setting })
  await console.keys(`2  =`)
  await console.until('Compare')
  return console
}

/** Below the titles, above the rule. */
function listed(console: OpenedConsole): string[] {
  const lines = console.lines()
  const titles = lines.findIndex((line) => line.includes('WHAT DIFFERS'))
  return lines.slice(titles + 1).filter((line) => /^[▸ ] [+~>=-] /.test(line))
}

function cursorRow(console: OpenedConsole): string {
  return console.lines().find((line) => line.startsWith('▸')) ?? ''
}

test('lists what changed from the older to the newer, with counts and bytes of every kind', async () => {
  const { diff, asked } = comparing(changes)
  const console = await openDiff({ diff })
  const frame = await console.until('5 changes')
  expect(asked).toEqual([{ backup: older, services: [], against: { kind: 'backup', id: newer } }])
  expect(frame).toContain(`${older.slice(-4)} 11-20 18:00 → ${newer.slice(-4)} 11-20 21:00`)
  expect(frame).toContain(
    '+ 1 added 10.0 KiB  ~ 1 changed 12.0 KiB  - 1 removed 10.0 KiB  > 1 renamed 10.0 KiB  = 1 attrs',
  )
  expect(frame).toMatch(/~ etc\/hosts +12\.0 KiB +\+2\.00 KiB content, size/)
  expect(frame).toMatch(/> srv\/there → srv\/moved +10\.0 KiB/)
})

test('shows one kind alone, and all again by the same key', async () => {
  const console = await openDiff(comparing(changes))
  await console.until('5 changes')
  for (const [sign, path] of [
    ['+', 'etc/new'],
    ['~', 'etc/hosts'],
    ['-', 'etc/old'],
    ['>', 'srv/moved'],
    ['=', 'etc/mode'],
  ] as const) {
    await console.keys(sign)
    expect(cursorRow(console)).toContain(path)
    expect(listed(console)).toHaveLength(1)
    await console.keys(sign)
  }
  expect(console.frame()).toContain('etc/old')
})

test('n goes to the next difference, N to the one before', async () => {
  const console = await openDiff(comparing(changes))
  const pointedAt = (frame: string): string => frame.split('\n').find((line) => line.startsWith('▸')) ?? ''
  const first = pointedAt(await console.until('5 changes'))
  await console.keys('n')
  await console.untilGone(first)
  await console.keys('N')
  await console.until(first)
})

test('filters by text, size and kind', async () => {
  const console = await openDiff(comparing(changes))
  await console.until('5 changes')
  await console.keys('/etc !old size:>11K')
  await console.until('1 of 5')
  await console.keys(key.enter)
  expect(cursorRow(console)).toContain('etc/hosts')
  await console.keys(key.escape)
  await console.keys('/kind:renamed')
  await console.until('1 of 5')
})

test('shows both versions of one path', async () => {
  const console = await openDiff(comparing(changes))
  await console.until('5 changes')
  const below = console.frame()
  expect(below).toContain(' before  -rw-r--r--  root:root  10.0 KiB')
  expect(below).toContain(' after   -rw-r--r--  root:root  12.0 KiB')
  await console.keys(key.enter)
  const frame = await console.until('Both versions')
  expect(frame).toContain('~ changed: content, size')
  expect(frame).toMatch(/~ size before +10\.0 KiB, 10,240 bytes/)
  expect(frame).toMatch(/~ size after +12\.0 KiB, 12,288 bytes/)
  expect(frame).toMatch(/ {2}owner +root:root {2}0:0/)
  await console.keys(key.escape)
  await console.keys(`/old${key.enter}${key.enter}`)
  await console.until('It does not exist afterwards.')
})

test('inspects a path in the backup that has it', async () => {
  const opened: string[] = []
  const engine = {
    ...comparing(changes),
    browse: async ({ backup }: { readonly backup: string }) => {
      opened.push(backup)
      return pretendBrowser(backup, { web: [] })
    },
  }
  const console = await openDiff(engine)
  await console.until('5 changes')
  await console.keys('i')
  await console.until(`Inspect ${newer.slice(-4)}`)
  await console.keys(key.escape)
  await console.until('5 changes')
  await console.keys('/old\ri')
  await console.until(`Inspect ${older.slice(-4)}`)
  expect(opened).toEqual([newer, older])
})

test('tells how far it is; Esc stops it, what was found stays, and r begins anew', async () => {
  const { diff, asked } = comparing(changes, {}, new Promise(() => {}))
  const console = await openDiff({ diff })
  await console.until('60')
  const frame = await console.until('5 so far')
  expect(frame).toContain('59%  600 of 1,000 entries')
  expect(frame).toContain('etc/hosts')
  await console.keys(key.escape)
  const after = await console.until('stopped after 600 of 1,000 entries')
  expect(after).toContain('etc/hosts')
  await console.keys('r')
  await console.until('59%')
  expect(asked).toHaveLength(2)
  await console.keys(`${key.escape}`)
  await console.until('stopped after')
  await console.keys(key.escape)
  await console.until('HOLDFAST › Backups')
})

test('a comparison nobody looks at any more is stopped', async () => {
  let signal: AbortSignal | undefined
  const { diff } = comparing(changes, {}, new Promise(() => {}))
  const console = await openDiff({
    diff: (options, take, watch) => {
      signal = watch?.signal
      return diff(options, take, watch)
    },
  })
  await console.until('5 so far')
  await console.keys('q')
  await console.until('HOLDFAST › Backups')
  await expect.poll(() => signal?.aborted).toBe(true)
})

test('of a million changes only so many are held, all are counted, and those that match can be had', async () => {
  const count = mostHeld + 10_000
  const { diff: few } = comparing([])
  const diff: Engine['diff'] = async (options, take, watch) => {
    for (let at = 0; at < count; at++)
      await take(change(`f${String(at).padStart(6, '0')}`, at % 2 === 0 ? 'added' : 'removed'))
    return few(options, take, watch)
  }
  const console = await openDiff({ diff })
  const frame = await console.until('only the first 50,000 are listed')
  expect(frame).toContain('60,000 changes')
  expect(frame).toMatch(/\+ 30,000 added .* - 30,000 removed/)
  await console.keys('G')
  expect(cursorRow(console)).toContain('f049999')
  await console.keys('/f0599')
  await console.until('Nothing matches')
  await console.keys(`${key.enter}f`)
  await console.until('100 of 100')
  expect(console.frame()).not.toContain('only the first')
})

test('says what could not be compared, and when there is no difference', async () => {
  const console = await openDiff(comparing([], { warnings: ['etc/shadow: not readable: EACCES'] }))
  await console.until('There is no difference')
  expect(console.frame()).toContain('etc/shadow: not readable: EACCES')
})

test('a comparison that cannot be made is told with its reason', async () => {
  const diff = async (): Promise<never> => {
    throw new BackupError('E_ARCHIVE_MISSING', 'web.tar.zst is missing', 'bring it back from a copy')
  }
  const console = await openDiff({ diff })
  const frame = await console.until('web.tar.zst is missing')
  expect(frame).toContain('bring it back from a copy')
})

const hostile = hostileNames.map((name) =>
  change(`h/${name}`, 'changed', { from: name as BytePath, service: name, attributes: [name] }),
)

test.each([
  ['usual', comparing(changes), '5 changes'],
  ['under way', comparing(changes, {}, new Promise(() => {})), '5 so far'],
  ['hostile', comparing(hostile, { warnings: [...hostileNames] }), '15 changes'],
] as const)('fits every terminal exactly: %s', async (_name, engine, text) => {
  for (const unicode of [true, false]) {
    const console = await openDiff(engine, { capability: { unicode } })
    await console.until(text)
    for (const [columns, rows] of terminals) {
      await console.resize(columns, rows)
      for (let row = 0; row < 16; row++) {
        const packet = row % 4 === 3 ? key.enter : row % 4 === 0 && row > 0 ? key.escape : key.down
        await console.keys(packet)
        expect({ columns, rows, misfits: misfits(console.frame(), columns, rows) }).toEqual({
          columns,
          rows,
          misfits: [],
        })
        expect(console.frame()).not.toMatch(/[^\P{C}\n]/u)
      }
      // The last Enter opened both versions.
      await console.keys(key.escape)
      await console.keys(key.home)
    }
  }
})

test.each([
  ['diff', comparing(changes), [], '5 changes'],
  ['diff-both', comparing(changes), [key.enter], 'Both versions'],
  ['diff-stopped', comparing(changes, {}, new Promise(() => {})), [key.escape], 'stopped after'],
] as const)('looks as it did: %s', async (name, engine, keys, text) => {
  for (const [columns, rows] of [
    [80, 24],
    [100, 30],
  ] as const) {
    const console = await openDiff(engine, { columns, rows })
    await console.until(/5 (changes|so far)/)
    for (const packet of keys) await console.keys(packet)
    expectGolden(`${name}-${columns}x${rows}`, await console.until(text))
  }
})
