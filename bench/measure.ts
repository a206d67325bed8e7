import { spawn } from 'node:child_process'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import type { Command } from './tool.ts'

const wrapper = fileURLToPath(new URL('measure.py', import.meta.url))

export interface Sample {
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly peakBytes: number
  readonly readBytes: number | null
  /** Left out where the kernel does not tell. */
  readonly writtenBytes?: number
}

export interface Surroundings {
  /** All of it; nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>
  readonly directory: string
  readonly stdout: string
  readonly stderr: string
  readonly signal: AbortSignal
}

/** A tool that did not end with 0. */
export class CommandFailed extends Error {}

const answerSchema = z.object({
  seconds: z.number(),
  stages: z.array(
    z.object({
      exit: z.int(),
      userSeconds: z.number(),
      systemSeconds: z.number(),
      peakBytes: z.int(),
      readBytes: z.int().nullable(),
      writtenBytes: z.int().nullable(),
    }),
  ),
})

/**
 * Runs a command to its end and measures it: whole processes, start included.
 *
 * @throws CommandFailed with the end of its stderr; AbortError where the signal stopped it.
 */
export async function measure(command: Command, surroundings: Surroundings): Promise<Sample> {
  const { environment, directory, stdout, stderr, signal } = surroundings
  const request = {
    stages: command.stages,
    directory: command.directory ?? directory,
    environment: { ...environment, ...command.environment },
    stdout,
    stderr,
  }
  const answer = answerSchema.parse(JSON.parse(await askWrapper(JSON.stringify(request), signal)))
  const failed = answer.stages.findIndex((stage) => stage.exit !== 0)
  if (failed >= 0) {
    const argv = command.stages[failed]!.join(' ')
    throw new CommandFailed(`exit ${answer.stages[failed]!.exit} of ${argv}: ${endOf(stderr).trim()}`)
  }
  const sum = (pick: (stage: (typeof answer.stages)[number]) => number) =>
    answer.stages.reduce((total, stage) => total + pick(stage), 0)
  const writtenBytes = answer.stages.at(-1)?.writtenBytes ?? null
  return {
    wallSeconds: answer.seconds,
    cpuSeconds: sum((stage) => stage.userSeconds + stage.systemSeconds),
    peakBytes: sum((stage) => stage.peakBytes),
    readBytes: answer.stages[0]!.readBytes,
    ...(writtenBytes === null ? {} : { writtenBytes }),
  }
}

function askWrapper(request: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    // -I -S: start fast, and look at nothing of the user's
    const child = spawn('python3', ['-I', '-S', wrapper], { stdio: ['pipe', 'pipe', 'inherit'], signal })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    let failed: Error | null = null
    child.on('error', (error) => {
      failed = error
    })
    // Not at the error: an aborted wrapper first sees the tool to its end, and only then may the tool's files go.
    child.on('close', (code) =>
      code === 0 && failed === null
        ? resolve(text)
        : reject(failed ?? new Error(`python3 measure.py ended with ${code ?? 'a signal'}`)),
    )
    child.stdin.on('error', () => {}) // a wrapper that could not start is told of above
    child.stdin.end(request)
  })
}

function endOf(path: string): string {
  const size = statSync(path).size
  const buffer = Buffer.alloc(Math.min(size, 800))
  const file = openSync(path, 'r')
  try {
    readSync(file, buffer, 0, buffer.length, size - buffer.length)
  } finally {
    closeSync(file)
  }
  return buffer.toString('utf8')
}
