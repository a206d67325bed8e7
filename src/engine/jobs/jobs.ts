import type { Jobs, RunSummary } from '../../model/jobs.ts'
import { type BytePath, displayPath, joinPath, pathFromText, pathToText } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { letGo } from '../platform/let-go.ts'
import { openRepository, type Repository } from '../repository.ts'
import { noSuchRun, openRunLog, readRun, runIds, runLogPath } from '../run-log.ts'
import { cancelRun } from './cancel-run.ts'
import { followRun, readLog } from './follow-run.ts'
import { type JobStarter, startJob } from './start-job.ts'

export interface JobsParts extends JobStarter {
  readonly files: Files
  readonly root: BytePath
  /** The system's directory for temporary files. */
  readonly temporary: BytePath
}

/** Summaries of ended runs that are kept, so that a list that is looked at again and again opens only what may change. */
const keptSummaries = 1000

export function createJobs(parts: JobsParts): Jobs {
  const { files, processes } = parts
  const ended = new Map<string, RunSummary>()
  const repository = (): Repository => openRepository(files, parts.root)

  function summary(place: Repository, id: string): RunSummary {
    const known = ended.get(id)
    if (known !== undefined) return known
    const read = readRun(files, place, id)
    if (read.state === 'running' || read.state === 'died') return read
    ended.set(id, read)
    if (ended.size > keptSummaries) ended.delete(ended.keys().next().value as string) // it has at least that many
    return read
  }

  return {
    async start(request, signal, terms) {
      try {
        return await startJob(request, parts, signal, terms)
      } catch (error) {
        if (request.kind === 'restore' && request.removePlan) removePlan(files, request.plan)
        throw error
      }
    },

    async runs({ limit, before, kinds }) {
      const place = repository()
      return runIds(files, place, { before, kinds })
        .slice(0, limit)
        .map((id) => summary(place, id))
    },

    async follow(run, listen, signal) {
      const end = await followRun(files, repository(), run, listen, signal)
      if (end?.error?.code === 'E_KEY_WRONG') parts.passphrase.forget()
      return end
    },
    read: async (run, listen) => readLog(files, repository(), run, listen),

    logFile(run) {
      const place = repository()
      const fd = openRunLog(files, place, run)
      if (fd === null) throw noSuchRun(run)
      letGo(files, fd)
      return textOf(runLogPath(place, run))
    },

    async cancel(run) {
      cancelRun(files, repository(), processes, run)
    },
    async kill(run) {
      cancelRun(files, repository(), processes, run, 'kill')
    },

    planFile: (plan) => textOf(joinPath(parts.temporary, `holdfast-${plan}.json` as BytePath)),
  }
}

/** A plan names every path of a backup: one that came to nothing does not stay behind. */
function removePlan(files: Files, plan: string): void {
  try {
    files.removeFile(pathFromText(plan))
  } catch {
    // It was never written, or the job took it away: why nothing began says more.
  }
}

function textOf(path: BytePath): string {
  return pathToText(path) ?? displayPath(path)
}
