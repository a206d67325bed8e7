import { setImmediate as turn } from 'node:timers/promises'
import { type BytePath, parentOf, storedPathOf } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { Source, SourceContext, SourceEntry } from '../../model/source.ts'
import { changesNothing, sameState } from '../plan/restore-plan.ts'
import { explainIo } from '../platform/explain-io.ts'
import { letGo } from '../platform/let-go.ts'
import { codeOf } from '../restore/look.ts'
import { OpenDirectories } from '../restore/open-directories.ts'
import { type Place, pathOnDisk, placeOf } from '../restore/places.ts'
import type { RestorePlan } from '../restore/request.ts'
import { spoolLines } from '../restore/spool.ts'
import { decodeStep, peekStep, type SpooledStep } from '../restore/step-line.ts'
import { openPlaces } from '../restore/target.ts'

/**
 * What a restore will replace, remove or give other attributes: all that is to be saved before, and nothing else is
 * looked at. From the steps of the plan, under the names by which it lies on disk, without symlinks, so that it can be
 * restored in place. One place at a time: below one, the order of the steps is that of the names on disk.
 *
 * Of a file with several names, those that stay are saved with those that go, so that they can become one file again.
 * What is no longer what the plan saw is left out: the restore will not touch it either.
 */
export function replacedSource(files: Files, plan: RestorePlan, places: readonly Place[], place: Place): Source {
  return {
    async *scan(context) {
      const open = openPlaces(files, places)
      const directories = new OpenDirectories(files, open)
      try {
        const looking = new Looking(files, directories, places, context)
        const linked = linkedInodes(files, plan)
        for (const batch of spoolLines(files, plan.spoolPath)) {
          const entries: SourceEntry[] = []
          for (const line of batch) {
            const step = decodeStep(line.toString('utf8'))
            if (!isSaved(step) && !staysWith(step, linked)) continue
            if (placeOf(places, parentOf(step.path)) === place) looking.step(step, entries)
          }
          yield entries
          await turn()
        }
      } finally {
        directories.close()
        for (const { fd } of open) letGo(files, fd)
      }
    },
  }
}

/** Whether what stands in a step's place is to be saved before. */
export function isSaved({ kind, replaces, spare }: SpooledStep): boolean {
  return replaces !== null && !spare && (kind === 'remove' || !changesNothing.has(kind))
}

/** The steps of a plan before which something is saved. */
export function* savedSteps(files: Files, plan: RestorePlan): Generator<SpooledStep> {
  for (const batch of spoolLines(files, plan.spoolPath)) {
    for (const line of batch) {
      const { kind } = peekStep(line)
      if (changesNothing.has(kind) && kind !== 'remove') continue
      const step = decodeStep(line.toString('utf8'))
      if (isSaved(step)) yield step
    }
  }
}

/** Files with several names of which one goes. */
function linkedInodes(files: Files, plan: RestorePlan): ReadonlySet<bigint> {
  const linked = new Set<bigint>()
  for (const { replaces } of savedSteps(files, plan))
    if (replaces?.type === 'file' && replaces.links > 1) linked.add(replaces.inode)
  return linked
}

function staysWith({ replaces }: SpooledStep, linked: ReadonlySet<bigint>): boolean {
  return replaces !== null && replaces.type === 'file' && replaces.links > 1 && linked.has(replaces.inode)
}

class Looking {
  readonly #files: Files
  readonly #directories: OpenDirectories
  readonly #places: readonly Place[]
  readonly #context: SourceContext
  /** First name of every inode with several. */
  readonly #linked = new Map<string, BytePath>()

  constructor(files: Files, directories: OpenDirectories, places: readonly Place[], context: SourceContext) {
    this.#files = files
    this.#directories = directories
    this.#places = places
    this.#context = context
  }

  step({ path, replaces }: SpooledStep, into: SourceEntry[]): void {
    const status = this.#status(path)
    if (status === undefined || !sameState(replaces, status)) return
    if (status.type === 'socket') {
      this.#context.skip(path, 'socket')
      return
    }
    const onDisk = pathOnDisk(this.#places, path)
    const stored = storedPathOf(onDisk)
    const key = `${status.device}:${status.inode}`
    const hasOthers = status.type === 'file' && status.links > 1
    const first = hasOthers ? (this.#linked.get(key) ?? null) : null
    if (hasOthers && first === null) this.#linked.set(key, stored)
    into.push({
      path: stored,
      type: first === null ? status.type : 'hardlink',
      attributes: status,
      linkTarget: first,
      content: { kind: 'disk', path: onDisk },
    })
  }

  #status(path: BytePath): FileStatus | undefined {
    try {
      return this.#files.status(this.#directories.child(path))
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined
      throw explainIo(error, 'look at', path)
    }
  }
}
