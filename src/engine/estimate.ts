import type { Estimate, EstimateOptions, Estimating } from '../model/create.ts'
import { BackupError } from '../model/errors.ts'
import type { SourceContext, SourceEntry } from '../model/source.ts'
import { openBases } from './create-bases.ts'
import { chooseServices } from './create-request.ts'
import { linkNotices, requireSources, walkSource } from './create-sources.ts'
import { type Base, nobodyHears, openBase } from './incremental/base.ts'
import { ChangeDetection } from './incremental/change-detection.ts'
import { racySince } from './plan/change.ts'
import type { Piece } from './plan/pieces.ts'
import { readAccountNames } from './platform/account-names.ts'
import { isRepository } from './repository.ts'
import type { ServiceRequest } from './service-request.ts'
import type { Session } from './session.ts'

/**
 * Counts what a create would take, by the same walk and, against an older backup, by the same rules. Nothing is
 * written, no content is read, no lock is taken and nobody is asked for a key.
 *
 * @throws E_USAGE, E_CONFIG, E_UNKNOWN_SERVICE, E_SOURCE_MISSING, E_INTERRUPTED.
 */
export async function estimateCreate(
  session: Session,
  options: EstimateOptions,
  { signal, listen }: Estimating,
): Promise<Estimate> {
  const { world, root } = session
  const { services, warnings } = chooseServices(session, options)
  requireSources(world, services)
  const bases = await basesAtHand(session, options, services)
  try {
    const count = new Count([...warnings, ...linkNotices(world, services)], bases !== null)
    for (const service of services) {
      const changes = bases === null ? null : changesSince(session, bases.get(service.name) ?? null)
      for await (const entries of walkSource(world, root, service, count.context(signal))) {
        count.add(entries, changes)
        listen(count.soFar)
      }
    }
    return count.soFar
  } finally {
    for (const base of bases?.values() ?? []) base.lineage.close()
  }
}

/** What an incremental or differential would build upon; null where that is nothing, or cannot be told without more. */
async function basesAtHand(
  session: Session,
  { type, paranoid }: EstimateOptions,
  services: readonly ServiceRequest[],
): Promise<Map<string, Base> | null> {
  const { world, root, parts } = session
  if (type !== 'incremental' && type !== 'differential') return null
  if (paranoid || !isRepository(world.files, root)) return null // only the content itself would tell
  try {
    const repository = session.repository()
    const keys = await session.keys(repository, false)
    const backups = await session.backups(repository)
    const findBase: Parameters<typeof openBases>[0]['findBase'] = async (service, wish, hears) =>
      openBase({ files: world.files, repository, keys, backups, hears }, service, wish)
    const { enabled } = parts.configured.settings.encryption
    const bases = await openBases({ type, services, findBase }, enabled, nobodyHears)
    return bases.size === 0 ? null : bases
  } catch (error) {
    if (error instanceof BackupError) return null // the create itself will say it
    throw error
  }
}

/** Says how many of some entries would be read, and their bytes; null where the older backup cannot tell any more. */
type Changes = (entries: readonly SourceEntry[]) => { readonly files: number; readonly bytes: number } | null

function changesSince({ world }: Session, base: Base | null): Changes {
  if (base === null) return filesIn
  const rules = { racyNs: racySince(base.startedMs, world.clock.now()), paranoid: false }
  const names = readAccountNames(world.files)
  const detection = new ChangeDetection(base.lineage, names, rules, base.usable, () => {})
  return (entries) => {
    const pieces: Piece[] = []
    try {
      for (const entry of entries) detection.add(entry, pieces)
    } catch (error) {
      if (error instanceof BackupError) return null
      throw error
    }
    return filesIn(pieces.flatMap((piece) => (piece.kind === 'read' ? [piece.entry] : [])))
  }
}

function filesIn(entries: readonly SourceEntry[]): { files: number; bytes: number } {
  let files = 0
  let bytes = 0
  for (const { type, attributes } of entries) {
    if (type !== 'file') continue
    files++
    bytes += attributes.sizeBytes
  }
  return { files, bytes }
}

class Count {
  readonly #notices: readonly string[]
  readonly #skipped: Record<string, number> = {}
  #entries = 0
  #files = 0
  #bytes = 0
  #unreadable = 0
  #changed: { files: number; bytes: number } | null

  constructor(notices: readonly string[], comparing: boolean) {
    this.#notices = notices
    this.#changed = comparing ? { files: 0, bytes: 0 } : null
  }

  get soFar(): Estimate {
    return {
      entries: this.#entries,
      files: this.#files,
      bytes: this.#bytes,
      changed: this.#changed,
      unreadable: this.#unreadable,
      skipped: { ...this.#skipped },
      notices: this.#notices,
    }
  }

  context(signal: AbortSignal): SourceContext {
    return {
      signal,
      warn: () => {
        this.#unreadable++
      },
      skip: (_path, because) => {
        this.#skipped[because] = (this.#skipped[because] ?? 0) + 1
      },
    }
  }

  add(entries: readonly SourceEntry[], changesOf: Changes | null): void {
    const { files, bytes } = filesIn(entries)
    this.#entries += entries.length
    this.#files += files
    this.#bytes += bytes
    const changed = this.#changed === null ? null : (changesOf?.(entries) ?? null)
    this.#changed =
      this.#changed === null || changed === null
        ? null
        : { files: this.#changed.files + changed.files, bytes: this.#changed.bytes + changed.bytes }
  }
}
