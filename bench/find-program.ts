import { execFileSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'

/** The absolute path of a program on PATH; null where there is none. */
export function findProgram(name: string): string | null {
  for (const directory of (process.env['PATH'] ?? '').split(':')) {
    if (!directory.startsWith('/')) continue
    const path = join(directory, name)
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return path
    } catch {
      // not here
    }
  }
  return null
}

/** The first line a program prints about itself. */
export function firstLine(argv: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
  const [program, ...rest] = argv
  const text = execFileSync(program!, rest, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return (text.split('\n').find((line) => line.trim() !== '') ?? '').trim()
}
