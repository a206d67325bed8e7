import { createRequire, enableCompileCache, flushCompileCache } from 'node:module'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

/** argv -> command -> exit code. Everything is loaded when it is needed, so that a short command stays short. */

// Beside the program, not in the shared temporary directory, where another user could put code in its place.
if (import.meta.url.endsWith('.js')) enableCompileCache(fileURLToPath(new URL('.cache', import.meta.url)))

// The old part of the heap would otherwise grow to several times what lives, and the peak depend on how many files there
// are. On the command line this flag would make V8 refuse all compiled code that Node and the cache have, in each thread:
// a fifth of what a short command costs. So it is set when the program has been loaded, and before a heap is large.
const loaded = setTimeout(() => {
  flushCompileCache() // what is written under the flag is refused by those without
  setFlagsFromString('--heap-growing-percent=50')
}, 500)
loaded.unref()

const { runProcess } = await import('./commands/parts/process.ts')

await runProcess({
  host: hostname(),
  version: () => String(createRequire(import.meta.url)('../package.json').version),
  async wire(options) {
    if (options.walks === true) (await import('./engine/walk/walk-thread.ts')).readyWalkThread()
    return (await import('./wire.ts')).wire(options)
  },
  openConsole: async (options) => (await import('./open-console.ts')).openConsole(options),
  async runDaemon(options) {
    clearTimeout(loaded) // it has flags of its own
    return (await import('./open-daemon.ts')).runDaemon(options)
  },
  async disk() {
    const { createDiskFiles } = await import('./engine/platform/disk-files.ts')
    const { explainIo } = await import('./engine/platform/explain-io.ts')
    return { files: createDiskFiles(), explain: explainIo }
  },
})
