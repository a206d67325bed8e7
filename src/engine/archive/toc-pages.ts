import { hash } from 'node:crypto'
import type { Root } from '../../model/archive.ts'
import { type BytePath, pathToText } from '../../model/path.ts'

/**
 * The table of contents in pages. A page ends after an entry whose path's hash says so, so that an insertion moves
 * the bounds of its own page only and all others keep their bytes.
 */
export const pageRule = { leastEntries: 128, mostEntries: 4096, modulus: 512, mostBytes: 4 << 20 } as const

export type PageReference = Root['toc']['pages'][number]

export interface TocPage {
  readonly firstPath: BytePath
  readonly bytes: Uint8Array
  readonly count: number
  readonly sha256: string
}

export class PageCutter {
  #lines: string[] = []
  #bytes = 0
  #first: BytePath = '' as BytePath

  /** Lines of the page begun last. */
  get lines(): number {
    return this.#lines.length
  }

  /** A page, where this entry completed one. `ends` is what endsPage says of the path. */
  add(path: BytePath, line: string, ends: boolean): TocPage | null {
    if (this.#lines.length === 0) this.#first = path
    this.#lines.push(line)
    this.#bytes += line.length
    const count = this.#lines.length
    return this.#bytes >= pageRule.mostBytes ||
      count >= pageRule.mostEntries ||
      (count >= pageRule.leastEntries && ends)
      ? this.#cut()
      : null
  }

  /** The page begun last, where there is one. */
  finish(): TocPage | null {
    return this.#lines.length === 0 ? null : this.#cut()
  }

  #cut(): TocPage {
    const bytes = Buffer.from(`${this.#lines.join('\n')}\n`, 'utf8')
    const page = { firstPath: this.#first, bytes, count: this.#lines.length, sha256: hash('sha256', bytes) }
    this.#lines = []
    this.#bytes = 0
    return page
  }
}

/** Whether a page of enough entries ends after this path: one path in 512, told by its hash. */
export function endsPage(path: BytePath): boolean {
  return Number.parseInt(hash('sha256', Buffer.from(path, 'latin1')).slice(0, 4), 16) % pageRule.modulus === 0
}

/** A path as root.json spells it. */
export function jsonPath(path: BytePath): string | { pb: string } {
  return pathToText(path) ?? { pb: Buffer.from(path, 'latin1').toString('base64') }
}
