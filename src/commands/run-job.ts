import type { During } from '../model/during.ts'
import type { Engine } from '../model/engine.ts'
import { BackupError } from '../model/errors.ts'
import { jobRequestSchema } from '../model/job-request.ts'
import type { JobRequest } from '../model/jobs.ts'
import { pathFromText } from '../model/path.ts'
import type { CommandSpec, Context } from './parts/command-spec.ts'
import { usage } from './parts/given.ts'

/** The other side of engine/jobs/start-job.ts: a process that does one thing and depends on nobody. */
export const runJob: CommandSpec = {
  words: 'run-job',
  about: 'Does what the process that started it writes to its stdin, and goes on when that process is gone.',
  operands: [],
  options: [{ name: 'run', value: 'ID', about: 'the id its run gets' }],
  examples: [],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  isJob: true,
  async run(given, context) {
    const request = requestFrom(await context.terminal.ask(''))
    const engine = await context.engine()
    const { files } = await context.disk()
    const run = given.text('run')
    let begun = false
    return carryOut(request, engine, {
      signal: context.signal,
      ...(run === null ? {} : { run }),
      listen(event) {
        if (begun || event.kind !== 'started') return
        begun = true // a create may be followed by a run of its own that merges what is old
        tellBegin(event.run, context)
        if (request.kind === 'restore' && request.removePlan)
          removeQuietly(() => files.removeFile(pathFromText(request.plan)))
      },
    })
  },
}

function requestFrom(line: string): JobRequest {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw usage(
      'run-job is for Holdfast itself: it reads what to do from its stdin',
      'holdfast --help lists the commands',
    )
  }
  const parsed = jobRequestSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw usage(`the job's request cannot be understood: ${issue?.path.join('.')}: ${issue?.message}`)
}

function tellBegin(run: string, { out }: Context): void {
  out.event({ kind: 'started', run })
}

async function carryOut(request: JobRequest, engine: Engine, during: During): Promise<number> {
  switch (request.kind) {
    case 'create':
      return (await engine.create(request.options, during)).exitCode
    case 'verify':
      return (await engine.verify(request.options, during)).exitCode
    case 'drill':
      return (await engine.drill(request.options, during)).exitCode
    case 'delete':
      return (await engine.delete(request.backup, during)).exitCode
    case 'cleanup':
      return (await engine.cleanup(request.order, during)).exitCode
    case 'schedule':
      return (await engine.runSchedule(request.id, during)).exitCode
    case 'consolidate': {
      const outcome = await engine.consolidate({ backup: request.backup }, during)
      if (outcome === null)
        throw new BackupError('E_USAGE', `${request.backup} depends on no other backup`, 'there is nothing to do')
      return outcome.exitCode
    }
    case 'restore': {
      const { plan: file, ttlMs, workers } = request
      const source = { kind: 'plan', file, ttlMs } as const
      const plan = await engine.planRestore({ source, target: null, conflict: null, workers }, during)
      try {
        return (await plan.apply(during)).exitCode
      } finally {
        await plan.drop()
      }
    }
  }
}

/** A plan that stays behind harms nothing. */
function removeQuietly(remove: () => void): void {
  try {
    remove()
  } catch {}
}
