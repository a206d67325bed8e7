import type { CatalogEntry } from '../../model/backup.ts'
import type { CreateOptions, EstimateOptions } from '../../model/create.ts'
import type { Compression } from '../../model/format.ts'
import type { ConfiguredService, SourceListing } from '../../model/source-listing.ts'
import { shellWords } from './shell-words.ts'

/** From what a person has said in the wizard to what a create is asked for, and to the command that asks the same. Pure. */

export const createTypes = ['full', 'incremental', 'differential', 'service'] as const
export type CreateType = (typeof createTypes)[number]

/** What is told beside type and compression; each is a flag of the command line. */
export const createFlags = ['oneFileSystem', 'excludeCaches', 'withoutVolumes', 'acceptEmpty', 'paranoid'] as const
export type CreateFlag = (typeof createFlags)[number]

export interface Answers {
  readonly from: 'services' | 'paths'
  /** Names of the services that are marked. */
  readonly marks: ReadonlySet<string>
  /** As typed: words of a command line. */
  readonly paths: string
  readonly exclude: string
  readonly type: CreateType
  /** Null is what is configured. */
  readonly compression: Compression | null
  readonly description: string
  readonly flags: ReadonlySet<CreateFlag>
}

export interface Asked {
  readonly options: CreateOptions
  /** Why it cannot be counted or begun, and on which step that is put right; null where nothing is wrong. */
  readonly wrong: Wrong | null
}

export interface Wrong {
  readonly step: 0 | 1
  readonly why: string
}

/** @param services all that are configured. */
export function askedFor(answers: Answers, services: readonly ConfiguredService[]): Asked {
  const { from, flags, type } = answers
  const paths = shellWords(answers.paths)
  const exclude = shellWords(answers.exclude)
  const marked = services.filter(({ name }) => answers.marks.has(name)).map(({ name }) => name)
  // All of them is what a create without a word means; only type service wants them named.
  const isAll = marked.length === services.length && type !== 'service'
  const options: CreateOptions = {
    type,
    paths: from === 'paths' ? paths.words : [],
    services: from === 'paths' || isAll ? [] : marked,
    description: answers.description.trim(),
    compression: answers.compression,
    exclude: exclude.words,
    excludeCaches: flags.has('excludeCaches'),
    oneFileSystem: flags.has('oneFileSystem'),
    withoutVolumes: from === 'services' && flags.has('withoutVolumes'),
    paranoid: flags.has('paranoid'),
    acceptEmpty: flags.has('acceptEmpty'),
    estimate: true,
  }
  return { options, wrong: wrongIn() }

  function wrongIn(): Wrong | null {
    if (from === 'services' && marked.length === 0) return { step: 0, why: 'no service is marked' }
    if (from === 'paths' && paths.words.length === 0) return { step: 0, why: 'no path is typed' }
    if (from === 'paths' && paths.wrong !== null) return { step: 0, why: paths.wrong }
    if (from === 'paths' && type === 'service')
      return { step: 1, why: 'type service is for configured services: paths need another type' }
    return exclude.wrong === null ? null : { step: 1, why: `what to leave out: ${exclude.wrong}` }
  }
}

/** What decides which entries are taken: when it stays the same, so does what was counted. */
export function countedBy(options: CreateOptions): EstimateOptions {
  const { type, paths, services, exclude, excludeCaches, oneFileSystem, withoutVolumes, paranoid } = options
  return { type, paths, services, exclude, excludeCaches, oneFileSystem, withoutVolumes, paranoid }
}

const flagWords: Readonly<Record<CreateFlag, string>> = {
  oneFileSystem: '--one-file-system',
  excludeCaches: '--exclude-caches',
  withoutVolumes: '--no-volumes',
  acceptEmpty: '--accept-empty',
  paranoid: '--paranoid',
}

/** The words of `holdfast create …` that ask for the same. */
export function createWords(options: CreateOptions): readonly string[] {
  const { type, paths, services, compression, exclude, description } = options
  return [
    'create',
    // What only looks like an option is a name in this directory.
    ...paths.map((path) => (path.startsWith('-') ? `./${path}` : path)),
    ...(services.length === 0 ? [] : option('services', services.join(','))),
    ...option('type', type),
    ...(compression === null ? [] : option('compress', compression)),
    ...exclude.flatMap((pattern) => option('exclude', pattern)),
    ...createFlags.filter((flag) => options[flag]).map((flag) => flagWords[flag]),
    ...(description === '' ? [] : option('description', description)),
  ]
}

function option(name: string, value: string): readonly string[] {
  return value.startsWith('-') ? [`--${name}=${value}`] : [`--${name}`, value]
}

/** What is marked at first: what was asked for, else all that can be backed up. */
export function firstMarks({ services }: SourceListing, asked: readonly string[] | undefined): ReadonlySet<string> {
  const good = services.filter((service) => asked?.includes(service.name) ?? wrongWith(service) === null)
  return new Set(good.map(({ name }) => name))
}

/** Why a create of it would be refused, or leave it out; null where nothing is wrong. */
export function wrongWith({ problem, paths, volumes }: ConfiguredService): string | null {
  if (problem !== null) return problem
  const wrong = [...paths, ...volumes].filter((one) => one.problem !== null)
  if (wrong.length === 0) return null
  return wrong.length === 1 ? 'a path is wrong' : `${wrong.length} paths are wrong`
}

export interface BaseOfService {
  readonly service: string
  /** Null where there is nothing to build upon: all of it is stored. */
  readonly base: CatalogEntry | null
}

/**
 * What a backup of these services would build upon, as far as the list tells; whether it can be opened only the create
 * finds out. Null for a type that builds on nothing, and for paths: the list does not say which paths a backup holds.
 *
 * @param backups newest first.
 * @param onlyEncrypted whether the new one is encrypted: then it takes nothing from one that is not.
 */
export function basesOf(
  { type, paths }: Pick<CreateOptions, 'type' | 'paths'>,
  services: readonly string[],
  backups: readonly CatalogEntry[],
  onlyEncrypted: boolean,
): readonly BaseOfService[] | null {
  if ((type !== 'incremental' && type !== 'differential') || paths.length > 0) return null
  const isUsable = (entry: CatalogEntry): boolean =>
    entry.missing !== true &&
    (type === 'incremental' ? entry.type !== 'safety' : entry.type === 'full' || entry.type === 'service') &&
    (entry.encrypted || !onlyEncrypted)
  return services.map((service) => ({
    service,
    base: backups.find((entry) => entry.services.includes(service) && isUsable(entry)) ?? null,
  }))
}
