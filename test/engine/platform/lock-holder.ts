/** A process that takes the lock named by its first argument, says `held`, and keeps it until it is killed. */
import { systemClock } from '../../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { acquireLock } from '../../../src/engine/platform/lock.ts'
import { pathFromText } from '../../../src/model/path.ts'

await acquireLock(createDiskFiles(), pathFromText(process.argv[2] ?? ''), {
  waitMs: 10_000,
  signal: new AbortController().signal,
  holder: { pid: process.pid, run: 'run-1', command: 'create', since: '2026-11-20T02:00:00.000Z' },
  clock: systemClock,
})
process.stdout.write('held\n')
setInterval(() => {}, 60_000)
