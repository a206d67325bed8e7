import { createHash } from 'node:crypto'
import { nameMatcher } from '../../src/engine/plan/name-match.ts'
import type { BrowsePlace, Browser, Child, ChildQuery, Preview } from '../../src/model/browse.ts'
import { BackupError } from '../../src/model/errors.ts'
import { type BytePath, comparePaths, displayPath, isWithin, pathFromText } from '../../src/model/path.ts'
import type { TocEntry } from '../../src/model/toc.ts'
import { details, manifest, tocEntry } from '../commands/pretend-engine.ts'

/** A backup made of plain data, to be looked around in. */

export interface PretendFile {
  readonly entry: TocEntry
  readonly content: Buffer
}

export function file(path: string, content: string | Buffer, more: Partial<TocEntry> = {}): PretendFile {
  const bytes = Buffer.from(content)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const stored = Buffer.from(path).toString('latin1') as BytePath
  return { entry: tocEntry(stored, { sizeBytes: bytes.length, sha256, ...more }), content: bytes }
}

export function directory(path: string, more: Partial<TocEntry> = {}): PretendFile {
  return file(path, '', { type: 'directory', mode: 0o755, sha256: null, ...more })
}

export function link(path: string, target: string): PretendFile {
  return file(path, '', { type: 'symlink', mode: 0o777, sha256: null, linkTarget: pathFromText(target) })
}

export interface PretendBrowser extends Browser {
  /** Whether it was closed. */
  readonly closed: { value: boolean }
  /** Copies for the pager that were not removed. */
  readonly copies: Set<string>
}

/** @param services by name, what each holds, in any order. */
export function pretendBrowser(
  backup: string,
  services: Readonly<Record<string, readonly PretendFile[]>>,
  more: Partial<Browser> = {},
): PretendBrowser {
  const sorted = new Map(
    Object.entries(services).map(([name, files]) => [
      name,
      files.toSorted((a, b) => comparePaths(a.entry.path, b.entry.path)),
    ]),
  )
  const filesOf = (service: string): readonly PretendFile[] => sorted.get(service) ?? []
  const find = ({ service, path }: BrowsePlace): PretendFile | undefined =>
    filesOf(service).find(({ entry }) => entry.path === path)
  const need = (at: BrowsePlace): PretendFile => {
    const found = find(at)
    if (found === undefined) throw new BackupError('E_UNKNOWN_PATH', `no ${displayPath(at.path)}`)
    return found
  }
  const closed = { value: false }
  const copies = new Set<string>()
  const browser: PretendBrowser = {
    closed,
    copies,
    manifest: {
      ...manifest,
      id: backup,
      createdAt: backup.replace(/^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)Z.*$/, '$1:$2:$3.000Z'),
      archives: Object.keys(services).map((service) => ({
        ...manifest.archives[0]!,
        service,
        file: `${service}.tar.zst`,
      })),
    },
    details,
    services: [...sorted].map(([name, files]) => ({
      name,
      type: 'files',
      paths: [`/${files[0]?.entry.path ?? ''}`],
      entries: files.length,
      files: files.filter(({ entry }) => entry.type === 'file').length,
      bytes: files.reduce((sum, { content }) => sum + content.length, 0),
      storedBytes: 1000,
    })),
    async children(query) {
      return pageOf(childrenOf(filesOf(query.service), query.path), query)
    },
    async entry(at) {
      return find(at)?.entry ?? null
    },
    async countBelow({ service, path }) {
      return filesOf(service).filter(({ entry }) => entry.path !== path && isWithin(entry.path, path)).length
    },
    async find(query, watch) {
      const matches = nameMatcher(query.text)
      let found = 0
      for (const [service, files] of sorted)
        for (const [number, { entry }] of files.entries()) {
          if (matches?.(entry.path) !== true) continue
          if (found++ === query.count) return { cut: true, lost: [] }
          watch.found({ service, path: entry.path }, { path: entry.path, entry, number })
        }
      return { cut: false, lost: [] }
    },
    async preview(at, mostBytes): Promise<Preview> {
      const { content } = need(at)
      const isWhole = content.length <= mostBytes
      return { bytes: content.subarray(0, mostBytes), sizeBytes: content.length, proof: isWhole ? 'file' : 'pieces' }
    },
    async copyToRead(at) {
      const { content } = need(at)
      const path = `/tmp/holdfast-read-1/${displayPath(at.path).replaceAll('/', '_')}.txt`
      copies.add(path)
      return { file: path, form: 'text', shownBytes: content.length, remove: () => void copies.delete(path) }
    },
    close() {
      closed.value = true
    },
    ...more,
  }
  return browser
}

function childrenOf(files: readonly PretendFile[], directory: BytePath): Child[] {
  const found = new Map<BytePath, Child>()
  for (const [number, { entry }] of files.entries()) {
    const { path } = entry
    if (path === directory || !isWithin(path, directory)) continue
    const end = path.indexOf('/', directory === '' ? 0 : directory.length + 1)
    const child = (end < 0 ? path : path.slice(0, end)) as BytePath
    if (!found.has(child)) found.set(child, { path: child, entry: child === path ? entry : null, number })
  }
  return [...found.values()]
}

function pageOf(all: readonly Child[], { from, count, passes }: ChildQuery) {
  const wanted = passes === null ? all : all.filter(passes)
  const at = (path: BytePath): number => all.findIndex((child) => child.path === path)
  const isForward = from === 'start' || (typeof from === 'object' && 'after' in from)
  const some = wanted.filter((child) =>
    typeof from === 'string'
      ? true
      : 'after' in from
        ? at(child.path) > at(from.after)
        : at(child.path) < at(from.before),
  )
  const children = isForward ? some.slice(0, count) : some.slice(-count)
  return { children, more: children.length === count, lost: [] }
}
