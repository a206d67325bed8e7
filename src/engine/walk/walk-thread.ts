import { Worker } from 'node:worker_threads'

/**
 * Threads that walk sources. Starting one takes a tenth of a second, so whoever will need one can have it started while
 * everything else is still being loaded: this file loads nothing.
 */
let spare: Worker | null = null

/** Keeps one ready. It does not hold the process. */
export function readyWalkThread(): void {
  if (spare !== null) return
  const thread = start()
  thread.unref()
  thread.on('exit', () => {
    if (spare === thread) spare = null
  })
  spare = thread
}

/** One that waits for its order: the spare one, or another. Whoever takes it ends it. */
export function takeWalkThread(): Worker {
  const thread = spare ?? start()
  spare = null
  thread.ref()
  return thread
}

function start(): Worker {
  const url = new URL(`./walk-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
  const thread = new Worker(url, { stdin: false })
  // One that fails while nobody has it yet is replaced when it is wanted.
  thread.on('error', () => {})
  return thread
}
