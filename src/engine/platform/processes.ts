import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Processes that outlive the one that starts them, and signals to those that run. */
export interface Processes {
  /**
   * Starts this program anew with `args`, in a session of its own: no terminal, and no signal of ours reaches it.
   * It inherits the environment, and nothing else but what it is handed. @throws E_PLATFORM-like errors of Node where the system refuses.
   */
  start(args: readonly string[], directory: string, hands?: Handed): Promise<StartedProcess>
  /** Sends SIGINT. Errors are Node's, with `code`: ESRCH where there is no such process, EPERM where it is another's. */
  interrupt(pid: number): void
  /** Sends SIGKILL; errors as of `interrupt`. */
  kill(pid: number): void
}

export interface Handed {
  /** A descriptor that the process keeps open as long as it lives, and with it a lock that was taken on it. */
  readonly descriptor: number
}

export interface StartedProcess {
  /** The lines of its stdout; they end when it closes that, or ends. */
  readonly lines: AsyncIterable<string>
  /** The end of what it wrote to stderr, for a process that ends without a word. */
  complaint(): string
  say(line: string): void
  interrupt(): void
  /** SIGKILL: also for one that is stopped, or hangs. */
  kill(): void
  /** Lets go of it: nothing of it is read any more, and it keeps this process no longer. */
  letGo(): void
}

const complaintCharacters = 2000

/** `entry` is the program's first file. */
export function systemProcesses(entry: string): Processes {
  return {
    async start(args, directory, handed) {
      const { spawn } = await import('node:child_process') // few commands start processes
      const limits = process.execArgv.filter((argument) => argument.startsWith('--max-'))
      const child = spawn(process.execPath, [...limits, entry, ...args], {
        cwd: directory,
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe', ...(handed === undefined ? [] : [handed.descriptor])],
      }) as ChildProcessWithoutNullStreams // the first three are pipes, as said above
      await new Promise<void>((resolve, reject) => {
        child.once('error', reject)
        child.once('spawn', resolve)
      })
      child.on('error', () => {}) // a signal that could not be sent: the process is gone
      const { stdin, stdout, stderr } = child
      let complaint = ''
      stdin.on('error', () => {}) // it ended before it read; what it says tells why
      stderr.setEncoding('utf8').on('data', (text: string) => {
        complaint = (complaint + text).slice(-complaintCharacters)
      })
      return {
        lines: createInterface({ input: stdout, crlfDelay: Number.POSITIVE_INFINITY }),
        complaint: () => complaint,
        say: (line) => void stdin.write(`${line}\n`),
        interrupt: () => void child.kill('SIGINT'),
        kill: () => void child.kill('SIGKILL'),
        letGo() {
          for (const stream of [stdin, stdout, stderr]) stream.destroy()
          child.unref()
        },
      }
    },
    interrupt: (pid) => void process.kill(pid, 'SIGINT'),
    kill: (pid) => void process.kill(pid, 'SIGKILL'),
  }
}
