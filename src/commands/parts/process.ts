import process from 'node:process'
import { dispatch, type Surroundings } from './dispatch.ts'

/** Runs the command line of this process, to its end. */
export async function runProcess(
  given: Pick<Surroundings, 'host' | 'version' | 'wire' | 'disk' | 'openConsole' | 'runDaemon'>,
): Promise<void> {
  const exitCode = await dispatch(process.argv.slice(2), {
    ...given,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    now: () => Date.now(),
    elapsed: () => performance.now(),
    exit: (code) => process.exit(code),
    onStrayError(hear) {
      process.once('uncaughtException', hear) // of promises too
    },
    onInterrupt(hear) {
      for (const signal of signals) process.on(signal, hear)
      return () => {
        for (const signal of signals) process.removeListener(signal, hear)
      }
    },
  })
  // Nothing may hold the process once its outcome is told: a reader of stdin, a worker that hangs.
  process.exit(exitCode)
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
