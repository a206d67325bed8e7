import { createRequire, enableCompileCache } from 'node:module'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'

/** argv -> command -> exit code. Everything is loaded when it is needed, so that a short command stays short. */

// Beside the program, not in the shared temporary directory, where another user could put code in its place.
if (import.meta.url.endsWith('.js')) enableCompileCache(fileURLToPath(new URL('.cache', import.meta.url)))

const { runProcess } = await import('./commands/parts/process.ts')

await runProcess({
  host: hostname(),
  version: () => String(createRequire(import.meta.url)('../package.json').version),
  async wire(options) {
    if (options.walks === true) (await import('./engine/walk/walk-thread.ts')).readyWalkThread()
    return (await import('./wire.ts')).wire(options)
  },
  openConsole: async (options) => (await import('./open-console.ts')).openConsole(options),
  runDaemon: async (options) => (await import('./open-daemon.ts')).runDaemon(options),
  async disk() {
    const { createDiskFiles } = await import('./engine/platform/disk-files.ts')
    const { explainIo } = await import('./engine/platform/explain-io.ts')
    return { files: createDiskFiles(), explain: explainIo }
  },
})
