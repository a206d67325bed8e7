import { setTimeout as wait } from 'node:timers/promises'
import type { TerminalPort } from '../model/console.ts'
import { BackupError } from '../model/errors.ts'
import type { KeyStream } from './key-stream.ts'

export interface Terminal extends TerminalPort {
  /** The keyboard belongs to a pager now: its Ctrl-C is not ours. */
  readonly isHandedOver: boolean
  /** Somebody else writes to the screen: a pager, or the shell of a console that was stopped. */
  readonly isElsewhere: boolean
}

export interface TerminalParts {
  readonly keys: KeyStream
  readonly environment: Readonly<Record<string, string | undefined>>
  write(text: string): void
}

const notFound = 127
/** Long enough for a stop to arrive; a process that was stopped has no time meanwhile. */
const stopMs = 100

export function openTerminalPort({ keys, environment, write }: TerminalParts): Terminal {
  let isHandedOver = false
  let isStopped = false
  return {
    get isHandedOver() {
      return isHandedOver
    },
    get isElsewhere() {
      return isHandedOver || isStopped
    },
    flushKeys: (holdMs) => keys.flush(holdMs),
    async stop() {
      // The launcher too, and whatever else a shell takes for this job: it waits until all of it has stopped. Where no
      // shell is there to say `fg` the kernel does not stop anybody, and the console comes back at once.
      isStopped = true
      try {
        process.kill(0, 'SIGTSTP')
        await wait(stopMs)
      } finally {
        isStopped = false
      }
    },
    async page(file) {
      isHandedOver = true
      try {
        await page(environment, file)
      } finally {
        isHandedOver = false
      }
    },
    copy(text) {
      // The Linux console writes what it does not know on the screen.
      if (environment['TERM'] !== 'linux') write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`)
    },
  }
}

async function page(environment: TerminalParts['environment'], file: string): Promise<void> {
  const wanted = environment['PAGER']
  for (const pager of wanted ? [wanted] : ['less', 'more']) {
    const status = await run(`${pager} "$1"`, file)
    if (status !== notFound) return
  }
  throw new BackupError('E_IO', `there is no pager ${wanted || 'less'}`, 'install less, or set PAGER')
}

/** A line of the shell, with the terminal; its exit status. */
async function run(line: string, file: string): Promise<number> {
  // Not before the first picture, for a pager that most never open.
  const { spawn } = await import('node:child_process')
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', line, 'sh', file], { stdio: ['inherit', 'inherit', 'ignore'] })
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 0))
  })
}
