import type { CatalogEntry } from '../../model/backup.ts'
import type { CreateOptions, Estimate } from '../../model/create.ts'
import type { ConfiguredService, SourceListing, SourcePath } from '../../model/source-listing.ts'
import { formatBytes, formatCount, formatDuration, formatNumberOf } from '../../model/units.ts'
import type { Trouble } from '../store/loaded.ts'
import { exactly, troubleLines } from './boxes.ts'
import type { BaseOfService, CreateFlag, CreateType } from './create-request.ts'
import { cutMiddle, wrap } from './cut.ts'
import type { Glyphs } from './glyphs.ts'
import { agoText, shortId } from './ids.ts'
import { type Line, lineOf, span } from './line.ts'
import { plainMessage, plainPath, plainText } from './plain.ts'

/** What the create wizard shows, as lines. Pure. */

export const typeMeanings: Readonly<Record<CreateType, string>> = {
  full: 'all of it is stored, and depends on no other backup',
  incremental: 'stores what changed since the newest backup; restores like a full one',
  differential: 'stores what changed since the newest full backup, and depends on that alone',
  service: 'a full backup of the marked services, listed under a type of its own',
}

export const flagMeanings: Readonly<Record<CreateFlag, { readonly label: string; readonly about: string }>> = {
  oneFileSystem: {
    label: 'one file system',
    about: 'stay on the file system of each path: what is mounted below is left out',
  },
  excludeCaches: { label: 'without caches', about: 'leave out directories that a CACHEDIR.TAG calls a cache' },
  withoutVolumes: { label: 'without volumes', about: 'leave out the data volumes of the services' },
  acceptEmpty: {
    label: 'accept empty',
    about: 'a path with nothing below it is meant so; otherwise it is taken for a disk that is not mounted',
  },
  paranoid: {
    label: 'read everything',
    about: 'read every file, whatever its times say: slower, believes only content',
  },
}

/** A label and what belongs to it, wrapped, further lines below the first. */
export function factLines(label: string, text: string, columns: number): readonly Line[] {
  return wrap(text, columns - factColumns - 1).map((line, at) =>
    lineOf(span(at === 0 ? ` ${label.padEnd(factColumns - 1)}` : ' '.repeat(factColumns), 'dim'), line),
  )
}

const factColumns = 14

/** All of one configured service: what is wrong first. */
export function serviceLines(
  service: ConfiguredService,
  newest: CatalogEntry | null,
  now: number,
  columns: number,
  glyphs: Glyphs,
): readonly Line[] {
  const { problem, paths, volumes, exclude, oneFileSystem, excludeCaches, definedBy } = service
  const wrong = [...paths, ...volumes].filter((one) => one.problem !== null)
  const flags = [...(oneFileSystem ? ['stays on one file system'] : []), ...(excludeCaches ? ['without caches'] : [])]
  return [
    ...(problem === null ? [] : warned(plainMessage(problem), columns, glyphs)),
    ...wrong.flatMap((one) => warned(`${plainPath(one.path)}: ${pathProblem(one)}`, columns, glyphs)),
    ...(paths.length === 0 ? [] : factLines('paths', paths.map(({ path }) => plainPath(path)).join('  '), columns)),
    ...(volumes.length === 0
      ? []
      : factLines('volumes', volumes.map(({ path }) => plainPath(path)).join('  '), columns)),
    ...(exclude.length === 0 ? [] : factLines('left out', exclude.map(plainText).join('  '), columns)),
    ...factLines('newest', newestText(newest, now), columns),
    ...factLines('defined by', [plainText(definedBy), ...flags].join(', '), columns),
  ]
}

function pathProblem({ path, problem }: SourcePath): string {
  return plainMessage(problem ?? '').replace(`cannot look at ${plainPath(path)}: `, 'cannot be looked at: ')
}

function newestText(newest: CatalogEntry | null, now: number): string {
  if (newest === null) return 'never backed up'
  const { id, createdAt, type, bytes, durationMs } = newest
  const size = bytes === null ? '' : ` of ${formatBytes(bytes)}`
  const took = durationMs === null ? '' : `, took ${formatDuration(durationMs)}`
  return `${shortId(id)}, ${agoText(createdAt, now)}: ${type}${size}${took}`
}

function warned(text: string, columns: number, glyphs: Glyphs): readonly Line[] {
  return wrap(text, columns - 4).map((line, at) =>
    lineOf(span(at === 0 ? ` ${glyphs.warning} ${line}` : `   ${line}`, 'warning')),
  )
}

/** What a backup of that type builds upon: `web on 7f3k (22h ago)`. */
export function baseText(type: CreateType, bases: readonly BaseOfService[] | null, now: number): string {
  if (type === 'full' || type === 'service') return 'nothing: it stands alone'
  const kind = type === 'differential' ? 'full backup' : 'backup'
  if (bases === null) return `the newest ${kind} of the same paths, where there is one; else all of it is stored`
  const known = bases.flatMap(({ service, base }) =>
    base === null ? [] : [`${plainText(service)} on ${shortId(base.id)} (${agoText(base.createdAt, now)})`],
  )
  const alone = bases.filter(({ base }) => base === null).map(({ service }) => plainText(service))
  if (known.length === 0) return `nothing: there is no older ${kind}, so all of it is stored`
  return [
    known.join(', '),
    ...(alone.length === 0 ? [] : [`no older ${kind} of ${alone.join(', ')}, which is stored in full`]),
  ].join('; ')
}

export type Counting =
  /** There is nothing to count yet, and why. */
  | { readonly kind: 'nothing'; readonly why: string }
  | { readonly kind: 'counting'; readonly soFar: Estimate | null }
  | { readonly kind: 'counted'; readonly estimate: Estimate }
  | { readonly kind: 'failed'; readonly trouble: Trouble }

/** How much it would take: amounts first, then what changed, then what is left out or cannot be had. */
export function countingLines(
  counting: Counting,
  { type, paranoid }: Pick<CreateOptions, 'type' | 'paranoid'>,
  columns: number,
  glyphs: Glyphs,
): readonly Line[] {
  switch (counting.kind) {
    case 'nothing':
      return [lineOf(span(` ${counting.why}`, 'dim'))]
    case 'failed':
      return troubleLines(counting.trouble, '', columns, glyphs)
    case 'counting':
      return counting.soFar === null ? [lineOf(span(' looking', 'dim'))] : amountLines(counting.soFar)
    case 'counted':
      return amountLines(counting.estimate)
  }

  function amountLines(estimate: Estimate): readonly Line[] {
    const { files, bytes, entries, unreadable, skipped, notices } = estimate
    const left = Object.entries(skipped).filter(([, count]) => count > 0)
    const amount = `${formatNumberOf(files, 'file')}, ${formatBytes(bytes)}`
    const trouble = [
      ...(unreadable === 0 ? [] : [`${formatCount(unreadable)} cannot be read: it would end with warnings`]),
      ...notices.map(plainMessage),
    ]
    return [
      lineOf(span(` ${amount}`, 'bold'), `, ${formatNumberOf(entries, 'entry', 'entries')} in all`),
      ...changeLines(estimate),
      ...trouble.flatMap((text) => warned(text, columns, glyphs)),
      ...(left.length === 0 ? [] : [lineOf(span(` left out: ${left.map(skippedText).join(', ')}`, 'dim'))]),
    ]
  }

  function changeLines({ changed }: Estimate): readonly Line[] {
    if (type !== 'incremental' && type !== 'differential') return []
    if (changed !== null) {
      const amount = `${formatNumberOf(changed.files, 'file')}, ${formatBytes(changed.bytes)}`
      return [lineOf(' changed: ', span(amount, 'bold'), ': at most so much is stored anew')]
    }
    if (counting.kind !== 'counted') return []
    const why = paranoid ? 'only reading all of it tells what changed' : 'what changed cannot be told beforehand'
    return [lineOf(span(` ${why}`, 'dim'))]
  }
}

const skippedWords: Readonly<Record<string, string>> = {
  socket: 'sockets',
  excluded: 'excluded',
  cache: 'in caches',
  'other-file-system': 'on other file systems',
  repository: 'of the repository itself',
}

function skippedText([why, count]: readonly [string, number]): string {
  return `${formatCount(count)} ${skippedWords[why] ?? plainText(why)}`
}

/** What is to be done, before it is begun: the most important first. */
export function reviewLines(
  options: CreateOptions,
  listing: SourceListing | null,
  facts: { readonly root: string; readonly bases: string; readonly command: string },
  columns: number,
): readonly Line[] {
  const { type, paths, services, compression, exclude, description } = options
  const all = listing?.services.map(({ name }) => name) ?? []
  const what =
    paths.length > 0
      ? factLines('paths', paths.map(plainText).join('  '), columns)
      : factLines('services', (services.length === 0 ? all : services).map(plainText).join(', '), columns)
  const flags = flagTexts(options)
  const how = [
    compression ?? `${listing?.compression ?? ''} (as configured)`,
    ...(listing === null ? [] : [listing.encrypted ? 'encrypted' : 'NOT encrypted']),
  ]
  return [
    ...what,
    ...(exclude.length === 0 ? [] : factLines('left out', exclude.map(plainText).join('  '), columns)),
    ...factLines('type', `${type}: ${typeMeanings[type]}`, columns),
    ...factLines('builds on', facts.bases, columns),
    ...factLines('compression', how.join(', '), columns),
    ...(flags === '' ? [] : factLines('options', flags, columns)),
    ...(description === '' ? [] : factLines('description', plainText(description), columns)),
    ...factLines('into', plainText(facts.root), columns),
    ...factLines('command', facts.command, columns),
  ]
}

/** What is taken, short enough for a question: `web, mail and 3 more`. The review has all of it. */
export function whatText({ paths, services }: CreateOptions, listing: SourceListing, glyphs: Glyphs): string {
  const all = paths.length > 0 ? paths : services.length > 0 ? services : listing.services.map(({ name }) => name)
  const shown = all.slice(0, 3).map((name) => cutMiddle(plainText(name), 40, glyphs.cut))
  return `${shown.join(', ')}${all.length > shown.length ? ` and ${formatCount(all.length - shown.length)} more` : ''}`
}

/** How much that is, as far as it was counted. */
export function amountText(counting: Counting): string {
  const estimate =
    counting.kind === 'counted' ? counting.estimate : counting.kind === 'counting' ? counting.soFar : null
  if (counting.kind === 'failed') return `It could not be counted: ${plainMessage(counting.trouble.message)}.`
  if (estimate === null) return 'How much that is was not counted yet.'
  const amount = `${formatNumberOf(estimate.files, 'file')}, ${formatBytes(estimate.bytes)}`
  const changed = estimate.changed === null ? '' : `, of which ${formatBytes(estimate.changed.bytes)} changed`
  return `${amount}${changed}${counting.kind === 'counting' ? ', and it is still being counted' : ''}.`
}

/** What the counting is at, for the line above it. */
export function countingWord({ kind }: Counting): string {
  return kind === 'counting' ? 'counting' : kind === 'counted' ? 'counted' : ''
}

/** No more than so many lines; the last says how many are missing, and the key that shows them. */
export function withMore(lines: readonly Line[], rows: number, key: string): readonly Line[] {
  if (lines.length <= rows) return exactly(lines, rows)
  const missing = lines.length - rows + 1
  return [...lines.slice(0, rows - 1), lineOf(span(` ${missing} more: ${key} shows all`, 'dim'))]
}

/** The options that are on, in words; empty where none is. */
export function flagTexts(options: Pick<CreateOptions, CreateFlag>): string {
  const on = (Object.keys(flagMeanings) as CreateFlag[]).filter((flag) => options[flag]) // the keys of a record
  return on.map((flag) => flagMeanings[flag].label).join(', ')
}
