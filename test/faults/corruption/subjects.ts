import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { During } from '../../../src/model/during.ts'
import type { Bench, Subject } from './subject.ts'

export const during: During = { signal: new AbortController().signal, listen: () => {} }
/** That of the restore that can be taken back. */
const safetyBackups = 1
const everything = { type: null, services: [], days: null } as const

export const subjects: readonly Subject[] = [
  {
    name: 'archives',
    share: 40,
    form: 'binary',
    files: (bench) => bench.backups.flatMap((id) => filesIn(bench, `archives/${id}`, /\.tar\./)),
    async read(bench, damaged, turn) {
      const id = basename(dirname(damaged))
      const found = await bench.restoreAndCompare(id)
      if (turn % 2 === 0) found.push(...(await unseen(bench, id)))
      return found
    },
  },
  {
    name: 'manifests',
    share: 15,
    form: 'json',
    files: (bench) => bench.backups.flatMap((id) => filesIn(bench, `archives/${id}`, /^manifest/)),
    async read(bench, damaged, turn) {
      const found = await listsAll(bench)
      if (turn % 4 === 0)
        await bench.engine().inspect({ backup: basename(dirname(damaged)), services: [], path: null }, async () => {})
      return [...found, ...(await bench.restoreAndCompare(basename(dirname(damaged))))]
    },
  },
  {
    name: 'metadata.json',
    share: 12,
    form: 'json',
    files: (bench) => [join(bench.root, 'metadata.json')],
    seal(value) {
      if (typeof value !== 'object' || value === null || !('v' in value && 'gen' in value && 'backups' in value))
        return value
      const { v, gen, backups } = value
      const crc = crc32(JSON.stringify({ v, gen, backups })).toString(16).padStart(8, '0')
      return { ...value, crc }
    },
    async read(bench, _, turn) {
      const found = await listsAll(bench)
      if (turn % 3 === 0) found.push(...(await bench.restoreAndCompare('latest')))
      if (turn % 3 === 1) await bench.engine().status()
      if (turn % 3 === 2) {
        const { exitCode, backups } = await bench.engine().rebuild(during)
        if (exitCode !== 0 || backups !== bench.backups.length + safetyBackups)
          found.push(`rebuild ended with ${exitCode}`)
      }
      return found
    },
  },
  {
    name: 'restore plans',
    share: 12,
    form: 'lines',
    files: (bench) => [bench.plan],
    read: (bench, damaged) => bench.restoreAndCompare({ plan: damaged }),
  },
  {
    name: 'schedules.json',
    share: 6,
    form: 'json',
    files: (bench) => [join(bench.root, 'schedules.json')],
    async read(bench, damaged, turn) {
      const text = readFileSync(damaged)
      try {
        await bench.engine().describeSchedules()
        if (turn % 2 === 0) await bench.engine().status()
        if (turn % 4 === 1) await bench.engine().enableSchedule(bench.scheduleIds[0]!, turn % 8 === 1)
      } catch (error) {
        if (!readFileSync(damaged).equals(text)) return ['a damaged file was written over']
        throw error
      }
      return []
    },
  },
  {
    name: 'drills.ndjson',
    share: 5,
    form: 'lines',
    files: (bench) => [join(bench.root, 'drills.ndjson')],
    async read(bench, _, turn) {
      const found = await listsAll(bench)
      if (turn % 4 === 0) await bench.engine().status()
      return found
    },
  },
  {
    name: 'records of undo',
    share: 5,
    form: 'lines',
    files: (bench) =>
      readdirSync(join(bench.root, 'undo')).flatMap((id) => filesIn(bench, `undo/${id}`, /\.(json|steps|times)$/)),
    async read(bench, _, turn) {
      const found = await listsAll(bench)
      if (turn % 4 === 0) await bench.engine().status()
      if (turn % 4 === 1) await bench.engine().undoable()
      return [...found, ...(await bench.undoAndCompare())]
    },
  },
  {
    name: 'logs of runs, pins, keys',
    share: 5,
    form: 'lines',
    files: (bench) => [
      ...filesIn(bench, 'runs', /^[^.]*\.ndjson$/),
      ...filesIn(bench, `archives/${bench.backups[0]}`, /^pin\.json$/),
      ...filesIn(bench, 'keys', /^(keyring\.json|plan\.key)$/),
      ...filesIn(bench, 'keys/headers', /./),
    ],
    async read(bench, damaged, turn) {
      const found = await listsAll(bench)
      if (turn % 2 === 0) await bench.engine().status()
      else found.push(...(await bench.restoreAndCompare(bench.backups[turn % bench.backups.length]!)))
      if (basename(damaged) === 'pin.json') {
        const { deleted } = await bench
          .engine()
          .cleanup(
            { rules: { kind: 'by-hand', counts: { keep: 1 }, graceHours: 0 }, only: [bench.backups[0]!] },
            during,
          )
        if (deleted.length > 0) found.push('a pinned backup was deleted')
      }
      return found
    },
  },
]

function filesIn({ root }: Bench, directory: string, name: RegExp): string[] {
  return readdirSync(join(root, directory))
    .filter((one) => name.test(one))
    .sort()
    .map((one) => join(root, directory, one))
}

/** A list may say that something is wrong, but it never hides a backup that is there. */
async function listsAll(bench: Bench): Promise<string[]> {
  const { backups } = await bench.engine().list(everything)
  const listed = backups.map(({ id }) => id).filter((id) => !id.includes('-safety-'))
  return listed.toSorted().join() === bench.backups.toSorted().join() ? [] : [`the list shows ${listed}`]
}

/** A full verification sees every damage. */
async function unseen(bench: Bench, id: string): Promise<string[]> {
  const { exitCode } = await bench.engine().verify({ backups: [id], level: 'full', workers: 1 }, during)
  return exitCode === 0 ? ['a full verification found nothing'] : []
}
