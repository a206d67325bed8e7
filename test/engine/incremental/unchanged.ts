import { type BytePath, pathFromText } from '../../../src/model/path.ts'
import type { SourceEntry } from '../../../src/model/source.ts'
import { listSource, madeUp, poolOf } from '../archive/archive-kit.ts'
import { pack } from './incremental-kit.ts'

/**
 * Backs up as many entries as asked for, and again with nothing changed; prints as JSON what the second archive took
 * over and how far the heap had grown, nothing dead in it, by the time the second walk was nearly over.
 */

const [count = '1000', directory = '.'] = process.argv.slice(2)
const sampleAt = Math.floor(Number(count) * 0.95)

function* entries(note: () => void): Generator<SourceEntry> {
  for (let at = 0; at < Number(count); at++) {
    if (at === sampleAt) note()
    const path = pathFromText(`entry-${String(at).padStart(8, '0')}`)
    if (at % 2 === 0) yield madeUp(path, 'directory')
    else yield madeUp(path, 'symlink', null, {}, 'somewhere/else' as BytePath)
  }
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run me with --expose-gc')
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

const pool = poolOf(1)
const full = await pack(listSource(entries(() => {})), null, pool, directory)
const before = heapBytes()
let grownBytes = 0
const again = await pack(
  listSource(
    entries(() => {
      grownBytes = heapBytes() - before
    }),
  ),
  full.lineage,
  pool,
  directory,
)
await pool.close()
const { pages } = again.lineage.top.root.toc
const taken = pages.filter((page) => page[5] !== undefined).length
process.stdout.write(
  JSON.stringify({ pages: pages.length, taken, entries: again.written.entries, bytes: again.bytes, grownBytes }),
)
