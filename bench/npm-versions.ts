import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Bench } from './bench.ts'
import { findProgram } from './find-program.ts'

/** A source tree with a history: packages side by side, at four times a few months apart. */

/**
 * Of nearly the same size in every version, so that restores of the first and the last compare; from 130 files of up
 * to 9 MB each to 6,000 middling and 3,400 small ones; some with most files changed from version to version, some few.
 */
const versions: readonly (readonly string[])[] = [
  ['next@14.0.4', 'typescript@5.5.4', 'core-js@3.32.0'],
  ['next@14.1.4', 'typescript@5.6.3', 'core-js@3.34.0'],
  ['next@14.2.5', 'typescript@5.7.3', 'core-js@3.36.0'],
  ['next@14.2.15', 'typescript@5.8.3', 'core-js@3.39.0'],
]

const run = promisify(execFile)

/** The unpacked versions, oldest first; null where they cannot be had, and then a note of the bench says why. */
export async function downloadVersions(bench: Bench): Promise<readonly string[] | null> {
  const npm = findProgram('npm')
  if (npm === null || findProgram('tar') === null) {
    bench.notes.push('Not measured: the versions are had with npm and tar, which are not there. --tree gives others.')
    return null
  }
  const paths: string[] = []
  for (const [at, packages] of versions.entries()) {
    const path = bench.path('trees', 'versions', String(at + 1))
    paths.push(path)
    const done = `${path}.complete`
    if (existsSync(done)) continue
    rmSync(path, { recursive: true, force: true })
    for (const name of packages) {
      bench.options.tell(`npm pack ${name}`)
      const trouble = await unpack(bench, npm, name, path)
      if (trouble === null) continue
      bench.notes.push(`Not measured: npm pack ${name} failed (${trouble}). --tree, repeated, gives other versions.`)
      return null
    }
    writeFileSync(done, '')
  }
  bench.notes.push(`The versions: ${versions.map((packages) => packages.join(' + ')).join('; ')}.`)
  return paths
}

/** Null where it went well. */
async function unpack(bench: Bench, npm: string, name: string, path: string): Promise<string | null> {
  const { signal } = bench.options
  const downloads = bench.path('downloads')
  const target = join(path, name.replace(/@[^@]*$/, ''))
  for (const directory of [downloads, target]) mkdirSync(directory, { recursive: true })
  // npm as this machine has it configured, but for its cache: nothing of the user's is written
  const options = ['--ignore-scripts', '--silent', '--fetch-retries=1', '--cache', bench.path('downloads', 'cache')]
  try {
    const { stdout } = await run(npm, ['pack', ...options, name], { cwd: downloads, signal })
    const file = stdout.trim().split('\n').at(-1) ?? ''
    await run('tar', ['-xzf', join(downloads, file), '--strip-components=1', '--no-same-owner', '-C', target], {
      signal,
    })
    rmSync(join(downloads, file))
    return null
  } catch (error) {
    signal.throwIfAborted()
    // not what npm says: it names hosts, and results are shared
    const { code } = error as { code?: unknown } // what execFile rejects with
    return `exit ${String(code ?? 'unknown')}`
  }
}
