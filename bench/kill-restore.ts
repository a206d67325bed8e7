import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import type { SeenTree } from './seen-tree.ts'
import type { Command } from './tool.ts'

const pollMs = 5

/**
 * Runs a restore of `source` into `root`, and kills it and all it started with SIGKILL once `share` of the files stand
 * there under their own names. False where it had ended before.
 */
export async function killRestore(
  bench: Bench,
  command: Command,
  { source, root, share }: { source: SeenTree; root: string; share: number },
): Promise<boolean> {
  const [[program, ...words] = [], more] = command.stages
  if (program === undefined || more !== undefined) throw new Error('only a single process can be killed')
  const arrivals = new Arrivals(source, root)
  // a group of its own, so that nothing of it is left
  const child = spawn(program, words, {
    cwd: command.directory ?? bench.options.work,
    env: { ...bench.environment, ...command.environment },
    stdio: 'ignore',
    detached: true,
  })
  const ended = once(child, 'exit')
  const isRunning = () => child.exitCode === null && child.signalCode === null
  try {
    while (isRunning() && arrivals.count() < share * arrivals.expected)
      await wait(pollMs, undefined, { signal: bench.options.signal })
  } finally {
    if (isRunning() && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await ended
  }
  return child.signalCode === 'SIGKILL'
}

/** Counts names, and looks at no directory again that has all of its own: cheap enough to be asked all the time. */
class Arrivals {
  readonly expected: number
  readonly #awaited = new Map<string, Set<string>>()
  #full = 0

  constructor(source: SeenTree, root: string) {
    let expected = 0
    for (const [path, { isFile }] of source) {
      if (!isFile) continue
      expected++
      const directory = join(root, dirname(path))
      const names = this.#awaited.get(directory) ?? new Set()
      this.#awaited.set(directory, names.add(basename(path)))
    }
    this.expected = expected
  }

  count(): number {
    let arrived = 0
    for (const [directory, names] of this.#awaited) {
      const there = namesIn(directory).filter((name) => names.has(name)).length
      if (there === names.size) {
        this.#full += there
        this.#awaited.delete(directory)
      } else {
        arrived += there
      }
    }
    return this.#full + arrived
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return [] // not there yet
  }
}
