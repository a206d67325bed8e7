import { execFileSync } from 'node:child_process'
import { type Bench, hashOf } from './bench.ts'
import type { Tool } from './tool.ts'

/** Whether what came out is what went in. */

export function checkSameTree(bench: Bench, tool: Tool, one: string, other: string, what: string): void {
  const differences = differencesOf(one, other)
  bench.check(tool, `diff -r --no-dereference of ${what} is silent`, differences === '', differences)
}

/** Empty where there are none, else the beginning. */
export function differencesOf(one: string, other: string): string {
  try {
    execFileSync('diff', ['-r', '-q', '--no-dereference', one, other], { stdio: ['ignore', 'pipe', 'pipe'] })
    return ''
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer } // what execFileSync throws
    return `${stdout ?? ''}${stderr ?? ''}`.slice(0, 400) || String(error)
  }
}

export async function sameContent(one: string, other: string): Promise<boolean> {
  return (await hashOf(one)) === (await hashOf(other))
}
