import { readFileSync } from 'node:fs'
import { verifyArchive } from '../../../src/engine/verify/verify-archive.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'
import type { SourceEntry } from '../../../src/model/source.ts'
import { byItself } from '../verify/by-itself.ts'
import { build, files, listSource, madeUp, poolOf } from './archive-kit.ts'

/** Writes and verifies an archive of as many entries as asked for, and prints the process's peak memory in KiB. */

const [count = '1000', directory = '.'] = process.argv.slice(2)

function* entries(): Generator<SourceEntry> {
  for (let at = 0; at < Number(count); at++) {
    const path = pathFromText(`entry-${String(at).padStart(8, '0')}`)
    if (at % 2 === 0) yield madeUp(path, 'directory')
    else yield madeUp(path, 'symlink', null, {}, 'somewhere/else' as BytePath)
  }
}

const pool = poolOf(2)
const { place, promised, keys } = await build(listSource(entries()), { pool, directory, name: `many-${count}` })
const options = { signal: new AbortController().signal, onProgress: () => {}, ...byItself }
const findings = await verifyArchive(files, pool, place, promised, keys, 'full', options)
await pool.close()
if (findings.length > 0) throw new Error(findings[0]?.what)
// The kernel's own high-water mark: getrusage's would include what the parent had before the exec.
process.stdout.write(`${/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]}\n`)
