import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

/** The engine as a program of a few files, as dist/ is, for processes that are started by the thousand. */

export const checkout = fileURLToPath(new URL('../..', import.meta.url))

/** What stands in for threads: a module of src/, by the end of its name, and the one in in-process/. */
const substitutes = [
  ['worker-pool.ts', 'pool-here.ts'],
  ['threaded-source.ts', 'source-here.ts'],
] as const

const withoutThreads: Plugin = {
  name: 'without-threads',
  setup(build) {
    for (const [original, substitute] of substitutes) {
      const path = fileURLToPath(new URL(`in-process/${substitute}`, import.meta.url))
      build.onResolve({ filter: new RegExp(`/${original.replace('.', '\\.')}$`) }, () => ({ path }))
    }
  },
}

/**
 * Bundles `entries` into `directory`, each under its own name. With `threads` the engine starts its worker threads;
 * without them it does their work in the thread that asks, so that none waits for a thread to start and the n-th call
 * of the disk is the same call every time.
 */
export async function bundleEngine(
  entries: readonly string[],
  directory: string,
  { threads }: { readonly threads: boolean },
): Promise<void> {
  symlinkSync(join(checkout, 'node_modules'), join(directory, 'node_modules'))
  const workers = ['src/engine/archive/worker.ts', 'src/engine/walk/walk-worker.ts']
  await build({
    absWorkingDir: checkout,
    entryPoints: [...entries, ...(threads ? workers : [])],
    entryNames: '[name]',
    outdir: directory,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    target: 'node24',
    external: ['koffi'],
    plugins: threads ? [] : [withoutThreads],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'warning',
  })
}
