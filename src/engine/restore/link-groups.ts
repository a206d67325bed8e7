import type { BytePath } from '../../model/path.ts'
import type { RestoreStep } from '../../model/restore.ts'
import type { Lineage } from '../archive/lineage.ts'
import { type LinkSource, type Seen, sourceAfter } from '../plan/restore-plan.ts'
import { carriersOf, type TocLine } from './toc-lines.ts'

/**
 * Files with several names while a restore is planned. In a backup they are groups: one name carries the data, the
 * others link to it. Memory grows with the number of such names, in the backup and on disk.
 */
export class LinkGroups {
  /** By archive: names that hard links refer to, and where their data stands after the restore. */
  readonly #sources: Map<BytePath, LinkSource | null>[]
  /** Files on disk that stay as they are, and the name that carries the data of the group they belong to. */
  readonly #owners = new Map<string, BytePath>()

  constructor(lineages: readonly Lineage[]) {
    this.#sources = lineages.map((lineage) => new Map([...carriersOf(lineage)].map((path) => [path, null])))
  }

  /** Where the data of a hard link stands; null where this name must carry it itself. */
  sourceOf({ entry, archive }: TocLine): LinkSource | null {
    return entry.type === 'hardlink' ? (this.#sources[archive]?.get(carrierOf(entry)) ?? null) : null
  }

  /** Whether what stands here is one file with a name that is no link of it in the backup, and that stays. */
  isAnothers(toc: TocLine, seen: Pick<Seen, 'device' | 'inode' | 'links'>): boolean {
    if (seen.links < 2) return false
    const owner = this.#owners.get(keyOf(toc, seen))
    return owner !== undefined && owner !== carrierOf(toc.entry)
  }

  /** `beside`: what an interrupted restore has written beside a name that is kept. */
  decided(toc: TocLine, step: RestoreStep, seen: Seen | null, beside: LinkSource | null): void {
    const carrier = carrierOf(toc.entry)
    if (seen !== null && seen.links > 1 && step.kind === 'unchanged') this.#owners.set(keyOf(toc, seen), carrier)
    const sources = this.#sources[toc.archive]
    if (sources === undefined || !sources.has(carrier) || this.sourceOf(toc) !== null) return
    const stands = step.kind === 'keep' ? beside : null
    sources.set(carrier, stands ?? sourceAfter(step, seen))
  }
}

/** A hard link without a target is refused before. */
function carrierOf({ type, path, linkTarget }: TocLine['entry']): BytePath {
  return type === 'hardlink' ? (linkTarget as BytePath) : path
}

/** Of one archive: where two services hold a path they need not agree on its links. */
function keyOf({ archive }: TocLine, { device, inode }: Pick<Seen, 'device' | 'inode'>): string {
  return `${archive}:${device}:${inode}`
}
