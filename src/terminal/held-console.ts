import { format } from 'node:util'

/** What would be written into the middle of the screen, held back until the screen is the shell's again. */
export interface HeldConsole {
  /** Everybody may write again; what was written meanwhile. */
  release(): readonly string[]
}

const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const
const mostLines = 200

/** Holds back `console` and the warnings of Node itself. */
export function holdConsole(): HeldConsole {
  const held: string[] = []
  const take = (text: string): void => {
    if (held.length < mostLines) held.push(text)
  }
  const saved = methods.map((name) => [name, console[name]] as const)
  for (const name of methods) console[name] = (...args: unknown[]) => take(format(...args))
  const listeners = process.listeners('warning')
  const onWarning = (warning: Error): void => take(`${warning.name}: ${warning.message}`)
  process.removeAllListeners('warning')
  process.on('warning', onWarning)
  return {
    release() {
      for (const [name, method] of saved) console[name] = method
      process.removeListener('warning', onWarning)
      for (const listener of listeners) process.on('warning', listener)
      return held.splice(0)
    },
  }
}
