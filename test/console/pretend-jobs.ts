import { BackupError } from '../../src/model/errors.ts'
import type { RunEvent, RunEventBody, RunOutcome } from '../../src/model/event.ts'
import type { JobRequest, Jobs, RunQuery, RunSummary } from '../../src/model/jobs.ts'
import { now, runId } from './sample.ts'

/** Jobs made of plain data: what is started runs until the test ends it. */
export class PretendJobs implements Jobs {
  readonly started: JobRequest[] = []
  readonly cancelled: string[] = []
  readonly asked: RunQuery[] = []
  #runs: RunSummary[]
  readonly #events = new Map<string, RunEvent[]>()
  readonly #followers = new Set<{ run: string; hear(event: RunEvent | null): void }>()

  /** @param runs newest first. */
  constructor(runs: readonly RunSummary[]) {
    this.#runs = [...runs]
  }

  async start(request: JobRequest): Promise<{ run: string }> {
    this.started.push(request)
    const kind = request.kind === 'schedule' ? 'create' : request.kind
    const id = runId(-1 - this.started.length, kind)
    this.#runs.unshift({
      id,
      kind,
      state: 'running',
      startedAt: new Date(now).toISOString(),
      endedAt: null,
      durationMs: null,
      exitCode: null,
      about: 'what was asked for',
      host: 'web1',
      pid: 4711,
      phase: null,
      progress: null,
      committed: null,
      report: null,
      error: null,
      meaning: null,
    })
    this.tell(id, { kind: 'started', command: kind, pid: 4711, host: 'web1', about: 'what was asked for' })
    return { run: id }
  }

  async runs(query: RunQuery): Promise<readonly RunSummary[]> {
    this.asked.push(query)
    const { limit, before, kinds } = query
    return this.#runs
      .filter(({ id, kind }) => (before === null || id < before) && (kinds === null || kinds.includes(kind)))
      .slice(0, limit)
  }

  async follow(run: string, listen: (event: RunEvent) => void, signal: AbortSignal): Promise<RunSummary | null> {
    if (this.#find(run).state !== 'running') return this.read(run, listen)
    for (const event of this.#events.get(run) ?? []) listen(event)
    return new Promise((resolve) => {
      const follower = {
        run,
        hear: (event: RunEvent | null): void => {
          if (event !== null) {
            listen(event)
            return
          }
          this.#followers.delete(follower)
          resolve(this.#find(run))
        },
      }
      this.#followers.add(follower)
      signal.addEventListener('abort', () => {
        this.#followers.delete(follower)
        resolve(null)
      })
    })
  }

  async read(run: string, listen: (event: RunEvent) => void): Promise<RunSummary> {
    const summary = this.#find(run)
    for (const event of this.#events.get(run) ?? []) listen(event)
    return summary
  }

  logFile(run: string): string {
    return `/srv/backup/runs/${run}.ndjson`
  }

  async cancel(run: string): Promise<void> {
    this.cancelled.push(run)
    this.end(run, 'interrupted', 130)
  }

  async kill(run: string): Promise<void> {
    this.end(run, 'failed', 137)
  }

  planFile(plan: string): string {
    return `/tmp/holdfast-${plan}.json`
  }

  /** One more event of a run, to all who follow it. */
  tell(run: string, body: RunEventBody): void {
    const events = this.#events.get(run) ?? []
    const event: RunEvent = { run, at: new Date(now + events.length * 1000).toISOString(), ...body }
    this.#events.set(run, [...events, event])
    if (body.kind === 'progress') this.change(run, { progress: body })
    if (body.kind === 'phase') this.change(run, { phase: body.phase })
    for (const follower of this.#followers) if (follower.run === run) follower.hear(event)
  }

  end(run: string, outcome: RunOutcome, exitCode: number, report: unknown = null): void {
    this.change(run, { state: outcome, exitCode, endedAt: new Date(now).toISOString(), durationMs: 61_000, report })
    this.tell(run, { kind: 'finished', outcome, exitCode, durationMs: 61_000 })
    for (const follower of [...this.#followers]) if (follower.run === run) follower.hear(null)
  }

  change(run: string, more: Partial<RunSummary>): void {
    this.#runs = this.#runs.map((one) => (one.id === run ? { ...one, ...more } : one))
  }

  add(run: RunSummary): void {
    this.#runs.unshift(run)
  }

  #find(run: string): RunSummary {
    const found = this.#runs.find(({ id }) => id === run)
    if (found === undefined) throw new BackupError('E_UNKNOWN_ID', `there is no log of a run '${run}'`)
    return found
  }
}
