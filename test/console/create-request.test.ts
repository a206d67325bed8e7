import { expect, test } from 'vitest'
import { create } from '../../src/commands/create.ts'
import { parseArguments } from '../../src/commands/parts/given.ts'
import { type Answers, askedFor, basesOf, createWords, firstMarks } from '../../src/screens/text/create-request.ts'
import { commandText } from '../../src/screens/text/shell.ts'
import { shellWords } from '../../src/screens/text/shell-words.ts'
import { hostileNames } from './hostile.ts'
import { backupId, sampleBackups, sampleSources } from './sample.ts'

const { services } = sampleSources()
const answers: Answers = {
  from: 'services',
  marks: new Set(['web', 'mail']),
  paths: '',
  exclude: '',
  type: 'full',
  compression: null,
  description: '',
  flags: new Set(),
}

test.each<[string, Partial<Answers>, object]>([
  ['the marked services by name', {}, { services: ['web', 'mail'], paths: [] }],
  ['all services without a name', { marks: new Set(services.map(({ name }) => name)) }, { services: [] }],
  [
    'all services by name where the type is service',
    { marks: new Set(services.map(({ name }) => name)), type: 'service' },
    { services: ['web', 'mail', 'photos', 'ledger'], type: 'service' },
  ],
  ['paths and no services', { from: 'paths', paths: '/a "b c"' }, { paths: ['/a', 'b c'], services: [] }],
  [
    'volumes only of services',
    { from: 'paths', paths: '/a', flags: new Set(['withoutVolumes', 'paranoid'] as const) },
    { withoutVolumes: false, paranoid: true },
  ],
  ['patterns', { exclude: "*.tmp 'a b'" }, { exclude: ['*.tmp', 'a b'] }],
  ['a description without blanks around it', { description: '  x ' }, { description: 'x' }],
])('asks for %s', (_what, more, wanted) => {
  expect(askedFor({ ...answers, ...more }, services)).toMatchObject({ options: wanted, wrong: null })
})

test.each<[Partial<Answers>, number, RegExp]>([
  [{ marks: new Set() }, 0, /no service is marked/],
  [{ marks: new Set(['of another configuration']) }, 0, /no service is marked/],
  [{ from: 'paths' }, 0, /no path is typed/],
  [{ from: 'paths', paths: '~/x' }, 0, /write out what ~ stands for/],
  [{ from: 'paths', paths: '/x', type: 'service' }, 1, /for configured services/],
  [{ exclude: "'" }, 1, /what to leave out: a quote is not closed/],
])('%j is wrong on step %i', (more, step, why) => {
  expect(askedFor({ ...answers, ...more }, services).wrong).toEqual({ step, why: expect.stringMatching(why) })
})

test('the command line means the same, whatever paths, patterns and descriptions are called', async () => {
  const names = [...hostileNames.filter((name) => name !== '' && !name.includes('\0')), '-x', '--all', "it's", '$HOME']
  for (const name of names) {
    const { options } = askedFor(
      {
        ...answers,
        from: 'paths',
        type: 'differential',
        compression: 'xz',
        flags: new Set(['oneFileSystem', 'excludeCaches', 'acceptEmpty', 'paranoid'] as const),
      },
      services,
    )
    const asked = { ...options, paths: [name, '/etc'], exclude: [name, '*.tmp'], description: name.trim() }
    const line = commandText({ options: ['--root=/srv/backup'] }, createWords(asked))
    const [program, command, ...words] = shellWords(line).words
    expect([program, command]).toEqual(['holdfast', 'create'])
    const given = await parseArguments(create, words)
    expect(given.operands.map((path) => path.replace(/^\.\/-/, '-'))).toEqual([name, '/etc'])
    expect(given.texts('exclude')).toEqual([name, '*.tmp'])
    expect(given.text('description') ?? '').toBe(name.trim())
    expect(given.text('type')).toBe('differential')
    expect(given.text('compress')).toBe('xz')
    for (const flag of ['one-file-system', 'exclude-caches', 'accept-empty', 'paranoid'])
      expect(given.has(flag), flag).toBe(true)
  }
})

test('marks at first what was asked for, else what can be backed up', () => {
  expect(firstMarks(sampleSources(), undefined)).toEqual(new Set(['web', 'mail']))
  expect(firstMarks(sampleSources(), ['photos', 'nosuch'])).toEqual(new Set(['photos']))
})

const backups = sampleBackups(20)

test('an incremental builds on the newest backup of each service, a differential on the newest full one', () => {
  const ids = (type: Answers['type']) =>
    basesOf({ type, paths: [] }, ['web', 'mail', 'nosuch'], backups, true)?.map(({ base }) => base?.id ?? null)
  expect(ids('incremental')).toEqual([backupId(0, 'incremental'), backupId(1, 'incremental'), null])
  expect(ids('differential')).toEqual([null, backupId(6), null])
  expect(ids('full')).toBe(undefined)
})

test('nothing builds on what is gone, on a safety backup, or in the clear where it is encrypted', () => {
  const spoiled = backups.map((entry, at) => {
    if (at === 0) return { ...entry, missing: true }
    if (at === 5) return { ...entry, type: 'safety' as const }
    return at === 10 ? { ...entry, encrypted: false } : entry
  })
  const web = (isEncrypted: boolean) =>
    basesOf({ type: 'incremental', paths: [] }, ['web'], spoiled, isEncrypted)?.[0]?.base?.id
  expect(web(true)).toBe(backupId(15, 'incremental'))
  expect(web(false)).toBe(backupId(10, 'incremental'))
})
