import { setImmediate as pause } from 'node:timers/promises'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath } from '../../model/path.ts'
import type { PlannedStep, StepPage, StepQuery } from '../../model/planned-restore.ts'
import type { Files } from '../../model/ports.ts'
import type { PlanCounts, RestoreStepKind } from '../../model/restore.ts'
import type { RestorePlan } from './request.ts'
import { spoolLines } from './spool.ts'
import { decodeStep, peekStep } from './step-line.ts'

type Action = keyof PlanCounts

/** Matches between two places that are remembered. */
const stride = 256
const rememberedFilters = 8

/** Where the matches of one filter lie: every so many of them, and how many there are. */
interface Index {
  /** Byte offsets of the lines of match 0, 256, 512, … */
  readonly offsets: readonly number[]
  readonly total: number
}

/** The steps of a plan, a page at a time, out of its spool: memory does not grow with their number. */
export class PlanSteps {
  readonly #files: Files
  readonly #spoolPath: BytePath
  /** How many lines there are. */
  readonly #lines: number
  readonly #indexes = new Map<string, Promise<Index>>()

  constructor(files: Files, { spoolPath, header }: RestorePlan) {
    this.#files = files
    this.#spoolPath = spoolPath
    this.#lines = header.steps
  }

  /** @throws E_USAGE where the page cannot be, E_PLAN_ALTERED where the spool is damaged, E_IO. */
  async page(query: StepQuery): Promise<StepPage> {
    const { from, count } = query
    if (!Number.isSafeInteger(from) || from < 0 || !Number.isSafeInteger(count) || count < 0)
      throw new BackupError('E_USAGE', `there is no page of ${count} steps from ${from}`)
    const { offsets, total } = await this.#index(query)
    const steps: PlannedStep[] = []
    const start = offsets[Math.floor(from / stride)]
    if (start === undefined || count === 0) return { steps, total }
    const matches = matcherOf(query)
    let toSkip = from % stride
    for await (const { lines } of this.#batches(start)) {
      for (const line of lines) {
        if (!matches(line) || toSkip-- > 0) continue
        if (steps.push(stepFrom(line)) === count) return { steps, total }
      }
    }
    return { steps, total }
  }

  #index(query: StepQuery): Promise<Index> {
    const key = JSON.stringify([query.actions?.toSorted() ?? null, query.text])
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const made = this.#makeIndex(query)
    this.#indexes.set(key, made)
    made.catch(() => this.#indexes.delete(key))
    if (this.#indexes.size > rememberedFilters) this.#indexes.delete(this.#indexes.keys().next().value as string) // it has more than one
    return made
  }

  async #makeIndex(query: StepQuery): Promise<Index> {
    const matches = matcherOf(query)
    const offsets: number[] = []
    let total = 0
    let seen = 0
    for await (const { lines, start } of this.#batches(0)) {
      let offset = start
      for (const line of lines) {
        if (matches(line) && total++ % stride === 0) offsets.push(offset)
        offset += line.length + 1
      }
      seen += lines.length
    }
    if (seen === this.#lines) return { offsets, total }
    throw new BackupError(
      'E_PLAN_ALTERED',
      `the restore plan has ${this.#lines} steps, and ${seen} of them are found`,
      'make the plan anew',
    )
  }

  /** As many lines at a time as one read gives; whoever else works in this process has its turn between. */
  async *#batches(from: number): AsyncGenerator<{ readonly lines: readonly Buffer[]; readonly start: number }> {
    let start = from
    for (const lines of spoolLines(this.#files, this.#spoolPath, 'read', from)) {
      yield { lines, start }
      start += lines.reduce((sum, line) => sum + line.length + 1, 0)
      await pause()
    }
  }
}

function matcherOf({ actions, text }: StepQuery): (line: Buffer) => boolean {
  const wanted = actions === null ? null : new Set<Action>(actions)
  const part = text?.toLowerCase() ?? ''
  return (line) => {
    const action = actionOf(peekStep(line).kind, line)
    if (action === null || (wanted !== null && !wanted.has(action))) return false
    return (
      part === '' ||
      displayPath(decodeStep(line.toString('utf8')).path)
        .toLowerCase()
        .includes(part)
    )
  }
}

/** What a plan's counts count the step as; null for what is no entry of the backup. */
function actionOf(kind: RestoreStepKind, line: Buffer): Action | null {
  switch (kind) {
    case 'make-parent':
      return null
    case 'refuse':
    case 'keep':
    case 'unchanged':
      return kind
    case 'remove':
      return 'delete'
    case 'set-attributes':
      return 'metadata'
    case 'write-beside':
    case 'make-directory':
      return 'create'
    default:
      // Within a name its quotation marks would be escaped.
      return line.includes(',"replaces":[') ? 'overwrite' : 'create'
  }
}

function stepFrom(line: Buffer): PlannedStep {
  const { bytes } = peekStep(line)
  const { kind, path, as, because, replaces, entry } = decodeStep(line.toString('utf8'))
  return {
    action: actionOf(kind, line) as Action, // it matched, so it has one
    kind,
    path,
    bytes,
    as,
    because,
    stored: entry === null ? null : { type: entry.type, sizeBytes: entry.sizeBytes, mtimeNs: entry.mtimeNs },
    standing:
      replaces === null ? null : { type: replaces.type, sizeBytes: replaces.sizeBytes, mtimeNs: replaces.mtimeNs },
  }
}
