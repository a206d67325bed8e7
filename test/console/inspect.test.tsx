import { expect, test } from 'vitest'
import { type Browser, copyLimitBytes } from '../../src/model/browse.ts'
import { BackupError } from '../../src/model/errors.ts'
import type { BytePath } from '../../src/model/path.ts'
import { terminals } from './fits-kit.ts'
import { expectGolden } from './golden-file.ts'
import { key, misfits, type OpenedConsole, openConsole, type Setting } from './harness.tsx'
import { hostileNames } from './hostile.ts'
import { directory, file, link, type PretendBrowser, type PretendFile, pretendBrowser } from './pretend-browser.ts'
import { backupId, sampleBackups } from './sample.ts'

/** The newest of the sample's backups: what Enter opens on the list. */
const id = backupId(0, 'incremental')

const etc: readonly PretendFile[] = [
  directory('etc'),
  file('etc/hosts', '127.0.0.1 localhost\n::1 localhost\n'),
  file('etc/hosts.allow', 'ALL: 10.0.0.0/8\n'),
  file('etc/key.bin', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3, 0xff, 0xfe])),
  link('etc/localtime', '/usr/share/zoneinfo/UTC'),
  directory('etc/ssh', { mode: 0o700 }),
  file('etc/ssh/sshd_config', 'Port 22\nPermitRootLogin no\n', { mode: 0o600 }),
  file('etc/ssh/ssh_host_key', 'secret\n', { mode: 0o600, userName: 'sshd', uid: 74 }),
]
const database: readonly PretendFile[] = [file('var/lib/pg/base/1', 'x'.repeat(100_000)), file('var/lib/pg/base/2', '')]

async function openInspect(browser: Browser, setting: Setting = {}): Promise<OpenedConsole> {
  const console = await openConsole({ engine: { browse: async () => browser }, ...setting })
  await console.keys(`2${key.enter}`)
  return console
}

function ofOne(files: readonly PretendFile[] = etc, more: Partial<Browser> = {}): PretendBrowser {
  return pretendBrowser(id, { web: files }, more)
}

function ofTwo(more: Partial<Browser> = {}): PretendBrowser {
  return pretendBrowser(id, { web: etc, database }, more)
}

/** The row the cursor is on. */
function cursorRow(console: OpenedConsole): string {
  return console.lines().find((line) => line.startsWith('▸')) ?? ''
}

function flat(count: number): readonly PretendFile[] {
  return [
    directory('flat'),
    ...Array.from({ length: count }, (_, at) => file(`flat/f${String(at).padStart(6, '0')}`, `${at}`)),
  ]
}

test('begins where there is something to choose, goes into directories and up again with the cursor where it was', async () => {
  const console = await openInspect(ofOne(database))
  // Of var, lib and pg only what lies in them was backed up.
  await console.until('web › var › lib › pg › base')
  await console.keys(key.left)
  await console.until('base/')
  await console.keys(key.left)
  await console.until(/› lib ──/)
  expect(cursorRow(console)).toContain('pg/')
  await console.keys(key.right)
  await console.keys(key.enter)
  await console.until('97.7 KiB')
})

test('lists the services where there are several, and comes back to them', async () => {
  const console = await openInspect(ofTwo())
  await console.until('Services 2')
  await console.keys(`${key.down}${key.enter}`)
  await console.until('database › var › lib › pg › base')
  for (let up = 0; up < 4; up++) await console.keys(key.left)
  await console.until('database ──')
  await console.keys(key.left)
  await console.until('Services 2')
  expect(cursorRow(console)).toContain('database')
})

test('the header of the screen says which backup it is, at every size', async () => {
  const console = await openInspect(ofOne())
  await console.until('etc/')
  for (const [columns, rows] of [
    [60, 16],
    [80, 24],
    [200, 60],
  ] as const) {
    await console.resize(columns, rows)
    expect(console.lines()[0]).toContain(id.slice(-4))
  }
})

test('shows the beginning of the file under the cursor, as text or byte for byte, with what vouches for it', async () => {
  const console = await openInspect(ofOne())
  await console.keys(key.enter)
  const text = await console.until('::1 localhost')
  expect(text).toContain('whole file, hash matches')
  expect(text).toContain('-rw-r--r--  root:root  34 B  2023-11-14 22:13:20Z')
  await console.keys(`${key.down}${key.down}`)
  await console.until('00000000  7f 45 4c 46 00 01 02 03 ff fe')
  await console.keys(key.down)
  await console.until('lrwxrwxrwx  root:root  2023-11-14 22:13:20Z  → /usr/share/zoneinfo/UTC')
  await console.keys(key.down)
  await console.until('2 below it')
})

test('says where only the beginning of a file was checked', async () => {
  const console = await openInspect(ofOne([file('big', 'y'.repeat(50_000))]))
  expect(await console.until('yyyy')).toContain('first 16.0 KiB, hashes match')
})

test('a file that is damaged is not shown, and its damage is', async () => {
  const preview = async (): Promise<never> => {
    throw new BackupError('E_DAMAGED', 'etc/hosts does not match its hash', 'try an older backup')
  }
  const console = await openInspect(ofOne(etc, { preview }))
  await console.keys(key.enter)
  const frame = await console.until('does not match its hash')
  expect(frame).toContain('try an older backup')
  expect(frame).not.toContain('127.0.0.1')
})

test('filters a directory by name, size and type; Esc shows all again', async () => {
  const console = await openInspect(ofOne())
  await console.keys(`${key.enter}/host`)
  await console.until('2 of 5')
  await console.keys(' size:>20')
  await console.until('1 of 5')
  await console.keys(key.enter)
  expect(cursorRow(console)).toContain('hosts')
  await console.keys(key.escape)
  await console.until('5 names')
})

test('a directory of any size is scrolled to both of its ends, and only a part of it is held', async () => {
  const browser = ofOne(flat(20_000))
  const asked: number[] = []
  const { children } = browser
  const console = await openInspect({
    ...browser,
    children(query) {
      asked.push(query.count)
      return children(query)
    },
  })
  await console.keys(key.enter)
  await console.until('20,000 entries below')
  await console.keys('G')
  await console.until('f019999')
  expect(cursorRow(console)).toContain('f019999')
  await console.keys(key.up)
  expect(cursorRow(console)).toContain('f019998')
  await console.keys('g')
  await console.until('f000000')
  expect(cursorRow(console)).toContain('f000000')
  for (let page = 0; page < 60; page++) await console.keys(key.pageDown)
  const row = cursorRow(console)
  await console.keys(key.pageUp)
  await console.keys(key.pageDown)
  expect(cursorRow(console)).toBe(row)
  expect(Number(/f(\d+)/.exec(row)?.[1])).toBeGreaterThan(800)
  expect(Math.max(...asked)).toBeLessThanOrEqual(500)
})

test('a filter over a directory that is not all at hand looks through all of it', async () => {
  const console = await openInspect(ofOne(flat(20_000)))
  await console.keys(key.enter)
  await console.until('f000000')
  await console.keys('/f019')
  await console.until('f019000')
  await console.until('500 and more found')
  await console.keys(`77${key.enter}`)
  await console.until('10 found')
  expect(cursorRow(console)).toContain('f019770')
  await console.keys(key.escape)
  await console.until('20,000 entries below')
})

test('finds by name in all services, and goes to where something lies', async () => {
  const console = await openInspect(ofTwo())
  await console.keys('f')
  await console.until('with a slash, of a path')
  await console.keys('ssh_ nothing')
  await console.until('Nothing is called that')
  await console.keys('\x17\x17')
  await console.keys('host')
  await console.until('3 found')
  await console.keys(`${key.enter}${key.down}${key.down}`)
  expect(cursorRow(console)).toContain('etc/ssh/ssh_host_key')
  await console.keys(key.enter)
  await console.until('web › etc › ssh')
  expect(cursorRow(console)).toContain('ssh_host_key')
  await console.keys('f')
  await console.until('3 found')
  await console.keys(key.escape)
  await console.until('web › etc › ssh')
})

test('marks files and directories; what lies in a marked directory is marked with it', async () => {
  const console = await openInspect(ofOne())
  await console.keys(key.enter)
  await console.keys(`${key.end} `)
  await console.until('● 1 marked')
  await console.keys(key.enter)
  await console.until('etc › ssh')
  expect(console.lines().filter((line) => line.slice(1, 2) === '●')).toHaveLength(2)
  await console.keys(' ')
  await console.until('it is marked with /etc/ssh')
  await console.keys(key.left)
  // Of a directory that is above what is marked, a part is.
  await console.keys(key.left)
  await console.until(/▸◐etc\//)
  await console.keys(key.left)
  await console.until('this is the top')
  await console.keys(' ')
  await console.until(/●etc\//)
  expect(console.frame()).toContain('● 1 marked')
  await console.keys(key.escape)
  await console.untilGone('marked')
  await console.keys(key.escape)
  await console.until('HOLDFAST › Backups')
})

test('reads a file in the pager by way of a copy, which is gone afterwards', async () => {
  const browser = ofOne()
  const held: (readonly string[])[] = []
  const console = await openInspect(browser, { terminal: { page: async () => void held.push([...browser.copies]) } })
  await console.keys(key.enter)
  await console.until('::1 localhost')
  await console.keys('v')
  await expect.poll(() => held).toEqual([['/tmp/holdfast-read-1/etc_hosts.txt']])
  await expect.poll(() => browser.copies.size).toBe(0)
})

test('what is too large for a pager is refused with a reason', async () => {
  const copyToRead = async (): Promise<never> => {
    throw new BackupError('E_USAGE', `etc/hosts has 1 TiB: more than the ${copyLimitBytes} bytes`, 'restore it')
  }
  const console = await openInspect(ofOne(etc, { copyToRead }))
  await console.keys(key.enter)
  await console.until('::1 localhost')
  await console.keys('v')
  const frame = await console.until('That did not work')
  expect(frame).toContain('etc/hosts has 1 TiB')
  expect(console.favours).toEqual([])
})

test('tells all that is known of an entry', async () => {
  const console = await openInspect(ofOne())
  await console.keys(`${key.enter}${key.end}i`)
  const frame = await console.until('Details')
  expect(frame).toContain('/etc/ssh')
  expect(frame).toContain('drwx------  0700')
  expect(frame).toContain('2023-11-14 22:13:20.123456789Z')
})

test('compares with the disk or with another backup of the same services, the older one first', async () => {
  const asked: unknown[] = []
  const setting = {
    engine: {
      browse: async () => ofOne(),
      diff: async (options: unknown) => {
        asked.push(options)
        return { from: '', to: '', counts: { added: 0, removed: 0, changed: 0, metadata: 0, renamed: 0 }, warnings: [] }
      },
    },
  }
  const console = await openInspect(ofOne(), setting)
  await console.until('etc/')
  await console.keys('=')
  await console.until(`Compare ${id.slice(-4)} with`)
  const [, second] = sampleBackups(40).filter(({ services }) => services.includes('web'))
  const frame = await console.until(second!.id.slice(-4))
  expect(frame).not.toContain(backupId(1).slice(-4))
  await console.keys(key.enter)
  await console.until(`${id.slice(-4)} with the disk`)
  await console.until('There is no difference')
  await console.keys(key.escape)
  await console.keys('=')
  await console.until(second!.id.slice(-4))
  await console.keys(`${key.down}${key.enter}`)
  await console.until(`Compare ${second!.id.slice(-4)} ${id.slice(-4)}`)
  expect(asked).toEqual([
    { backup: id, services: [], against: { kind: 'live' } },
    { backup: second!.id, services: [], against: { kind: 'backup', id } },
  ])
})

test('what cannot be opened is told with its reason, and is tried again', async () => {
  let isThere = false
  const engine = {
    async browse() {
      if (isThere) return ofOne()
      throw new BackupError('E_KEY_MISSING', `${id} is encrypted, and there is no key`, 'set BACKUP_ENCRYPTION_KEY')
    },
  }
  const console = await openConsole({ engine })
  await console.keys(`2${key.enter}`)
  const frame = await console.until('there is no key')
  expect(frame).toContain('set BACKUP_ENCRYPTION_KEY')
  isThere = true
  await console.keys('r')
  await console.until('etc/')
})

test('one service that cannot be read does not keep the others from being looked at', async () => {
  const children = ofTwo().children
  const browser = ofTwo({
    async children(query) {
      if (query.service === 'database') throw new BackupError('E_ARCHIVE_MISSING', 'its archive is missing')
      return children(query)
    },
  })
  const console = await openInspect(browser)
  await console.keys(`${key.down}${key.enter}`)
  await console.until('its archive is missing')
  await console.keys(key.left)
  await console.until('Services 2')
  await console.keys(`g${key.enter}`)
  await console.until('etc/')
})

test('says what cannot be listed', async () => {
  const { children } = ofOne()
  const lost = [{ first: 'etc/m' as BytePath, entries: 640, message: 'a page fails its hash' }]
  const console = await openInspect(ofOne(etc, { children: async (query) => ({ ...(await children(query)), lost }) }))
  const frame = await console.until('about 640 entries cannot be read')
  expect(frame).toContain('a page fails its hash')
})

test('the backup is closed when the screen is left', async () => {
  const browser = ofOne()
  const console = await openInspect(browser)
  await console.until('etc/')
  await console.keys('1')
  await console.until('Dashboard')
  expect(browser.closed.value).toBe(false)
  await console.keys('2')
  await console.until('etc/')
  await console.keys(key.escape)
  await console.until('Backups 40')
  await expect.poll(() => browser.closed.value).toBe(true)
})

const hostile: readonly PretendFile[] = [
  ...hostileNames
    .filter((name) => name !== '')
    .map((name) => file(`h/${name.replaceAll('/', '_')}`, hostileNames.join('\n'))),
  link('h/link', hostileNames[1]!),
  directory(`h/${hostileNames[8]!}-d`),
  file('h/future', 'x', {
    mtimeNs: 99_999_999_999_999_999_999n,
    userName: hostileNames[6]!,
    groupName: hostileNames[9]!,
  }),
]

const states: readonly [name: string, browser: () => Browser, keys: readonly string[], text: string][] = [
  ['services', ofTwo, [], 'Services 2'],
  ['directory', ofOne, [key.enter, ' '], '1 marked'],
  ['find', ofTwo, ['f', 'host'], '3 found'],
  ['details', ofOne, [key.enter, 'i'], 'Details'],
  ['compare', ofOne, [key.enter, '='], 'with'],
  ['hostile', () => ofOne(hostile), [key.enter], 'names'],
  ['hostile-find', () => ofOne(hostile), ['f', 'e'], 'found'],
]

test.each(states)('fits every terminal exactly: %s', async (_name, browser, keys, text) => {
  for (const unicode of [true, false]) {
    const console = await openInspect(browser(), { capability: { unicode } })
    for (const packet of keys) await console.keys(packet)
    await console.until(text)
    for (const [columns, rows] of terminals) {
      await console.resize(columns, rows)
      for (let row = 0; row < 6; row++) {
        expect({ columns, rows, misfits: misfits(console.frame(), columns, rows) }).toEqual({
          columns,
          rows,
          misfits: [],
        })
        expect(console.frame()).not.toMatch(/[^\P{C}\n]/u)
        await console.keys(key.down)
      }
      await console.keys(key.home)
    }
  }
})

test.each([
  ['services', ofTwo, [], 'Services 2', /took/],
  ['directory', ofOne, [key.enter, ' '], '1 marked', /ALL: 10/],
  ['find', ofTwo, ['f', 'host', key.enter], '3 found', /127.0.0.1/],
  ['details', ofOne, [key.enter, 'i'], 'Details', /127.0.0.1/],
  ['compare', ofOne, [key.enter, '='], 'with', /127.0.0.1.*/],
] as const)('looks as it did: %s', async (name, browser, keys, text, then) => {
  for (const [columns, rows] of [
    [80, 24],
    [100, 30],
  ] as const) {
    const console = await openInspect(browser(), { columns, rows })
    for (const packet of keys) await console.keys(packet)
    await console.until(text)
    expectGolden(`inspect-${name}-${columns}x${rows}`, await console.until(then))
  }
})
