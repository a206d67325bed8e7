import { writeSync } from 'node:fs'
import { runProcess } from '../../src/commands/parts/process.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { explainIo } from '../../src/engine/platform/explain-io.ts'
import { pathFromText } from '../../src/model/path.ts'
import { type Call, details, entry, event, manifest, pretendEngine, tocEntry } from './pretend-engine.ts'

/** The command line as a process of its own, over a pretended engine that has much to say or waits for an interrupt. */

const calls: Call[] = []
const waitFor = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const alive = setInterval(() => {}, 1000) // a bare promise would not keep the process
    signal.addEventListener('abort', () => {
      // The next signal must come while this one is being heeded.
      process.once('SIGUSR2', () => {
        clearInterval(alive)
        writeSync(2, 'clean\n')
        reject(signal.reason)
      })
      writeSync(2, 'cleaning up\n')
    })
  })

await runProcess({
  host: 'web1',
  version: () => '0.1.0',
  disk: async () => ({ files: createDiskFiles(), explain: explainIo }),
  openConsole: async () => 0,
  runDaemon: async () => 0,
  async wire(options) {
    if (process.env['PRETEND_ASK']) await options.onPassphrase?.()
    return {
      engine: pretendEngine(calls, {
        async create(_options, during) {
          during.listen(event({ kind: 'started', command: 'create', pid: process.pid, host: 'web1', about: 'x' }))
          if (process.env['PRETEND_WAIT']) {
            writeSync(2, 'waiting\n')
            return waitFor(during.signal)
          }
          for (let at = 0; at < 5000; at++) during.listen(event({ kind: 'notice', message: `notice ${at}` }))
          writeSync(2, 'created\n')
          return {
            exitCode: 0,
            run: 'r',
            backup: entry,
            bytes: 0,
            storedBytes: 0,
            durationMs: 0,
            warnings: 0,
            skipped: {},
          }
        },
        async inspect(_options, take) {
          const count = Number(process.env['PRETEND_ENTRIES'] ?? 100)
          for (let at = 0; at < count; at++) await take('files', tocEntry(pathFromText(`directory/file-${at}`)))
          writeSync(2, `peak ${process.resourceUsage().maxRSS}\n`)
          return { manifest, details, entries: count }
        },
        async list() {
          writeSync(2, 'listing\n')
          if (process.env['PRETEND_STRAY']) setImmediate(() => JSON.parse('{'))
          if (process.env['PRETEND_WAIT']) await new Promise((resolve) => setTimeout(resolve, 60_000))
          return { backups: [entry], problems: [] }
        },
        async exportBackup(_options, take) {
          for (let at = 0; at < 1000; at++) await take(Buffer.alloc(64 * 1024, at))
          return { id: entry.id, bytes: 1000 * 64 * 1024 }
        },
      }),
      async close() {
        writeSync(2, 'closed\n')
      },
    }
  },
})
