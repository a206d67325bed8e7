import { type BackupType, backupTypes, type CatalogEntry } from '../model/backup.ts'
import type { Proof } from '../model/drill.ts'
import { printable } from '../model/path.ts'
import { formatAge, formatBytes, formatCount } from '../model/units.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { backupFields } from './parts/fields.ts'
import { servicesOption } from './parts/grammar.ts'
import { type Column, tableLines } from './parts/table.ts'

export const list: CommandSpec = {
  words: 'list',
  about: 'Lists the backups, newest first.',
  operands: [],
  options: [
    { name: 'type', value: 'TYPE', choices: backupTypes, about: 'only backups of this type' },
    { ...servicesOption, about: 'only backups that hold these services' },
    { name: 'days', value: 'N', about: 'only backups of the last N days' },
  ],
  examples: [
    ['holdfast list --days 7', 'what the last week brought'],
    ['holdfast list --json', 'for scripts'],
  ],
  exits: [0, 1, 2, 3],
  onInterrupt: 'at-once',
  async run(given, context) {
    const { out } = context
    const type: BackupType | null = given.choice('type', backupTypes)
    const options = { type, services: given.list('services'), days: given.count('days', 1) }
    const { backups, problems, drilled = new Map<string, Proof>() } = await (await context.engine()).list(options)
    for (const problem of problems) out.warning(problem)
    out.result('list', {
      backups: backups.map((entry) => backupFields(entry, drilled.get(entry.id) ?? null)),
      problems,
    })
    if (out.json) return problems.length > 0 ? 3 : 0
    if (out.quiet) for (const { id } of backups) out.fact(id)
    else if (backups.length === 0) out.fact('no backups')
    else for (const line of backupTable(backups, drilled, context.now(), out.width)) out.fact(line)
    return problems.length > 0 ? 3 : 0
  },
}

function backupTable(
  backups: readonly CatalogEntry[],
  drilled: ReadonlyMap<string, Proof>,
  now: number,
  width: number,
): string[] {
  const cells = (text: (backup: CatalogEntry) => string): string[] => backups.map(text)
  return tableLines(
    [
      { title: 'id', cells: cells(({ id }) => id) },
      { title: 'age', align: 'right', cells: cells(({ createdAt }) => formatAge(now - Date.parse(createdAt))) },
      { title: 'type', dispensable: 6, cells: cells(({ type }) => type) }, // the id tells it too
      {
        title: 'services',
        flexible: true,
        dispensable: 3,
        cells: cells(({ services }) => services.map(printable).join(',')),
      },
      {
        title: 'files',
        align: 'right',
        dispensable: 5,
        cells: cells(({ files }) => (files === null ? '?' : formatCount(files))),
      },
      { title: 'size', align: 'right', cells: cells(({ sizeBytes }) => formatBytes(sizeBytes)) },
      ...lineageColumns(backups),
      ...pinColumns(backups),
      { title: 'verified', dispensable: 0, cells: cells(verifiedText) },
      ...drillColumns(backups, drilled),
    ],
    width,
  )
}

/** What backups build on: how each is told by its last letters, as commands take it. None where all stand alone. */
function lineageColumns(backups: readonly CatalogEntry[]): Column[] {
  if (backups.every(({ base, deps }) => base === null && deps.length === 0)) return []
  const cells = (text: (backup: CatalogEntry) => string): string[] => backups.map(text)
  return [
    { title: 'reused', align: 'right', dispensable: 2, cells: cells(reusedText) },
    { title: 'base', dispensable: 1, cells: cells(({ base }) => base?.split('-').at(-1) ?? '-') },
    {
      title: 'needs',
      align: 'right',
      dispensable: 4,
      cells: cells(({ deps }) => (deps.length === 0 ? '-' : formatCount(deps.length))),
    },
  ]
}

function pinColumns(backups: readonly CatalogEntry[]): Column[] {
  if (!backups.some(({ pinned }) => pinned)) return []
  const text = ({ pinned, legalHold }: CatalogEntry): string => (legalHold ? 'legal hold' : pinned ? 'pinned' : '-')
  return [{ title: 'held', dispensable: 1, cells: backups.map(text) }]
}

function drillColumns(backups: readonly CatalogEntry[], drilled: ReadonlyMap<string, Proof>): Column[] {
  if (!backups.some(({ id }) => drilled.has(id))) return []
  const text = ({ id }: CatalogEntry): string => {
    const proof = drilled.get(id)
    return proof === undefined ? '-' : proof.ok ? proof.level : 'FAILED'
  }
  return [{ title: 'drilled', dispensable: 1, cells: backups.map(text) }]
}

function reusedText({ base, reusedBytes }: CatalogEntry): string {
  if (reusedBytes === null) return '?'
  return base === null ? '-' : formatBytes(reusedBytes)
}

function verifiedText({ verified, missing }: CatalogEntry): string {
  if (missing) return 'MISSING'
  if (verified === null) return '-'
  return verified.ok ? verified.level : 'DAMAGED'
}
