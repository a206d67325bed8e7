import type { Browser, Child } from '../../model/browse.ts'
import { type BytePath, nameOf, pathFromText, rootPath, storedPathOf } from '../../model/path.ts'
import type { Trouble } from '../store/loaded.ts'
import {
  allMarked,
  isEverything,
  type MarkState,
  type Marks,
  markState,
  marksFor,
  noneMarked,
  toggled,
  withMark,
} from './restore-scope.ts'

/** The rows of the tree that a scope is chosen from. Pure. */

export type ScopeRow =
  | { readonly kind: 'all'; readonly key: string; readonly state: MarkState }
  | {
      readonly kind: 'service'
      readonly key: string
      readonly service: string
      readonly state: MarkState
      readonly isOpen: boolean
    }
  | {
      readonly kind: 'path'
      readonly key: string
      readonly service: string
      readonly path: BytePath
      readonly child: Child
      /** A path alone, as a search found it, or a name in its directory. */
      readonly isFound: boolean
      readonly depth: number
      readonly state: MarkState
      readonly isOpen: boolean
      /** What it lies in; null at the top. */
      readonly above: string | null
    }
  /** Says something about a directory; `more` where the rest of it can be asked for. */
  | {
      readonly kind: 'note'
      readonly key: string
      readonly depth: number
      readonly text: string
      readonly isTrouble: boolean
      readonly more: string | null
    }

/** What was read of one directory. */
export interface Listing {
  readonly children: readonly Child[]
  readonly more: boolean
  readonly isReading: boolean
  readonly trouble: Trouble | null
  /** Entries that are missing because their part of the table of contents cannot be read. */
  readonly lost: number
}

export interface ScopeAnswers {
  /** Empty is all. */
  readonly services: readonly string[]
  readonly marks: Marks
}

export interface Tree {
  readonly services: Browser['services']
  readonly open: ReadonlySet<string>
  readonly listings: ReadonlyMap<string, Listing>
}

/** Names one directory of one service. */
export function placeKey(service: string, path: BytePath): string {
  return `${service}\0${path}`
}

export function isTaken({ services }: ScopeAnswers, service: string): boolean {
  return services.length === 0 || services.includes(service)
}

/** Everything, each service where there are several, and what is open of the directories. */
export function scopeRows(tree: Tree, answers: ScopeAnswers): readonly ScopeRow[] {
  const { services } = tree
  const rows: ScopeRow[] = [{ kind: 'all', key: 'all', state: stateOfAll(tree.services, answers) }]
  for (const service of services) {
    const { name } = service
    if (services.length === 1) {
      pushBelow(rows, tree, answers, name, rootPath, 0, null)
      continue
    }
    const key = placeKey(name, rootPath)
    const isOpen = tree.open.has(key)
    rows.push({ kind: 'service', key, service: name, state: stateOfService(service, answers), isOpen })
    if (isOpen) pushBelow(rows, tree, answers, name, rootPath, 1, key)
  }
  return rows
}

/** What a search found, as whole paths. */
export function foundRows(
  found: readonly { readonly service: string; readonly child: Child }[],
  answers: ScopeAnswers,
): readonly ScopeRow[] {
  return found.map(({ service, child }) => ({
    kind: 'path',
    key: placeKey(service, child.path),
    service,
    path: child.path,
    child,
    isFound: true,
    depth: 0,
    state: pathState(answers, service, child.path),
    isOpen: false,
    above: null,
  }))
}

function pushBelow(
  rows: ScopeRow[],
  tree: Tree,
  answers: ScopeAnswers,
  service: string,
  directory: BytePath,
  depth: number,
  above: string | null,
): void {
  const key = placeKey(service, directory)
  const listing = tree.listings.get(key)
  const note = (text: string, isTrouble = false, more: string | null = null): void => {
    rows.push({ kind: 'note', key: `${key}\0${text}`, depth, text, isTrouble, more })
  }
  if (listing === undefined) {
    note('reading')
    return
  }
  for (const child of listing.children) {
    const own = placeKey(service, child.path)
    const isOpen = isDirectory(child) && tree.open.has(own)
    const state = pathState(answers, service, child.path)
    rows.push({ kind: 'path', key: own, service, path: child.path, child, isFound: false, depth, state, isOpen, above })
    if (isOpen) pushBelow(rows, tree, answers, service, child.path, depth + 1, own)
  }
  if (listing.lost > 0) note(`${listing.lost} entries cannot be read: this part of the backup is damaged`, true)
  if (listing.trouble !== null) note(listing.trouble.message, true)
  else if (listing.isReading) note('reading')
  else if (listing.more) note('more: Right reads on', false, key)
  else if (listing.children.length === 0) note('nothing in it')
}

export function isDirectory({ entry }: Child): boolean {
  return entry === null || entry.type === 'directory'
}

export function nameOfRow(row: Extract<ScopeRow, { kind: 'path' }>): BytePath {
  return row.isFound ? row.path : nameOf(row.path)
}

function pathState(answers: ScopeAnswers, service: string, path: BytePath): MarkState {
  return isTaken(answers, service) ? markState(answers.marks, path) : 'off'
}

function stateOfAll(services: Browser['services'], answers: ScopeAnswers): MarkState {
  return together(services.map((service) => stateOfService(service, answers)))
}

function stateOfService(service: Browser['services'][number], answers: ScopeAnswers): MarkState {
  if (!isTaken(answers, service.name)) return 'off'
  return together(rootsOf(service).map((root) => markState(answers.marks, root)))
}

function together(states: readonly MarkState[]): MarkState {
  if (states.every((state) => state === 'on')) return 'on'
  return states.every((state) => state === 'off') ? 'off' : 'partly'
}

/** Where all of a service lies. */
function rootsOf({ paths }: Browser['services'][number]): readonly BytePath[] {
  return paths.length === 0 ? [rootPath] : paths.map((path) => storedPathOf(pathFromText(path)))
}

export function everythingOrNothing(services: Browser['services'], answers: ScopeAnswers): ScopeAnswers {
  return stateOfAll(services, answers) === 'on'
    ? { services: [], marks: noneMarked }
    : { services: [], marks: allMarked }
}

/** With the service, or without it where all of it was marked. */
export function toggledService(services: Browser['services'], name: string, answers: ScopeAnswers): ScopeAnswers {
  const service = services.find((one) => one.name === name)
  if (service === undefined) return answers
  const taken = services.map((one) => one.name).filter((one) => isTaken(answers, one))
  if (stateOfService(service, answers) === 'on') {
    const left = taken.filter((one) => one !== name)
    // None named would be all of them.
    return left.length === 0 ? { services: [], marks: noneMarked } : { ...answers, services: left }
  }
  const next = taken.includes(name) ? taken : [...taken, name]
  let { marks } = answers
  for (const root of rootsOf(service)) marks = withMark(marks, root, true)
  return { services: next.length === services.length ? [] : next, marks }
}

/** With the path, or without it where all of it was marked. Of a service that was left out, it alone comes in. */
export function toggledPath(
  services: Browser['services'],
  name: string,
  path: BytePath,
  answers: ScopeAnswers,
): ScopeAnswers {
  if (isTaken(answers, name)) return { ...answers, marks: toggled(answers.marks, path) }
  const service = services.find((one) => one.name === name)
  let { marks } = answers
  for (const root of service === undefined ? [] : rootsOf(service)) marks = withMark(marks, root, false)
  const taken = [...answers.services, name]
  return { services: taken.length === services.length ? [] : taken, marks: withMark(marks, path, true) }
}

/** The path alone, and of its service alone. */
export function onlyPath(services: Browser['services'], service: string, path: BytePath): ScopeAnswers {
  return { services: services.length === 1 ? [] : [service], marks: marksFor([path]) }
}

/** The service alone, whole. */
export function onlyService(services: Browser['services'], service: string): ScopeAnswers {
  return { services: services.length === 1 ? [] : [service], marks: allMarked }
}

export function isAll({ services, marks }: ScopeAnswers): boolean {
  return services.length === 0 && isEverything(marks)
}
