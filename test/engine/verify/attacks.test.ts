import { createHash, randomInt } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type DecodeJob, FrameDecoder } from '../../../src/engine/archive/decode-job.ts'
import { alone } from '../../../src/engine/archive/lineage.ts'
import { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import type { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import type { Finding } from '../../../src/engine/verify/finding.ts'
import { verifyArchive } from '../../../src/engine/verify/verify-archive.ts'
import { BackupError } from '../../../src/model/errors.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'
import {
  type BuiltArchive,
  build,
  files,
  listSource,
  madeUp,
  poolOf,
  scratch,
  wrongKeys,
} from '../archive/archive-kit.ts'
import { byItself } from './by-itself.ts'

vi.setConfig({ testTimeout: 60_000 })

/**
 * A small encrypted archive, attacked: whatever is done to its bytes, a reader gives an error or the true content,
 * and a full verification has a finding.
 */

const room = scratch('attacks')
const options = { signal: new AbortController().signal, onProgress: () => {}, ...byItself }
const segmentBytes = 512
const headerBytes = 8192
let archive: BuiltArchive
let good: Buffer
const truth = new Map<string, string>()

/** Does the workers' work at once: thousands of archives are opened here, and none needs a thread. */
const here = {
  count: 1,
  run: async (job: DecodeJob) => new FrameDecoder(files).decode(job),
} as unknown as WorkerPool // decode is all that a verification asks of a pool

beforeAll(async () => {
  const pool = poolOf(1)
  const entries = ['alpha', 'beta', 'gamma'].map((name) =>
    madeUp(pathFromText(name), 'file', Buffer.from(`the content of ${name} `.repeat(8))),
  )
  archive = await build(listSource([madeUp('a' as BytePath, 'directory'), ...entries]), {
    encrypted: true,
    segmentBytes,
    pool,
    directory: room.path,
  })
  await pool.close()
  good = readFileSync(archive.place.path)
  for (const [path, sha256] of contents()) truth.set(path, sha256)
})
afterAll(room.remove)

/** What a reader gives out: hash of every entry's content, whatever the table of contents says of it. */
function contents(): Map<string, string> {
  const reader = new ArchiveReader(files, archive.place, archive.keys)
  try {
    const found = new Map<string, string>()
    for (const entry of alone(reader).entries()) {
      const bytes =
        entry.content.kind === 'extent'
          ? reader.stream.extent(entry.content.extent, entry.sizeBytes)
          : new Uint8Array(0)
      found.set(entry.path, createHash('sha256').update(bytes).digest('hex'))
    }
    return found
  } finally {
    reader.close()
  }
}

function verify(level: 'scrub' | 'quick' | 'full', keys = archive.keys): Promise<Finding[]> {
  return verifyArchive(files, here, archive.place, archive.promised, keys, level, options)
}

/** What became of an attacked archive: the code of the error that reading it gave, or null, and all contents true. */
function readAttacked(bytes: Uint8Array): string | null {
  // In place: a file truncated and written anew is flushed to the disk every time.
  const fd = openSync(archive.place.path, 'r+')
  writeSync(fd, bytes, 0, bytes.length, 0)
  ftruncateSync(fd, bytes.length)
  closeSync(fd)
  try {
    expect(contents()).toEqual(truth)
    return null
  } catch (error) {
    if (error instanceof BackupError) return error.code
    throw error
  }
}

function segments(): Buffer[] {
  const list: Buffer[] = [good.subarray(headerBytes, headerBytes + segmentBytes)]
  for (let at = headerBytes + segmentBytes; at < good.length; at += segmentBytes)
    list.push(good.subarray(at, at + segmentBytes))
  return list
}

test('the archive under attack is sound and has several segments', async () => {
  expect(truth.size).toBe(4)
  expect(segments().length).toBeGreaterThan(3)
  for (const level of ['scrub', 'quick', 'full'] as const) expect(await verify(level)).toEqual([])
})

// One byte of so many, from another one each time; the long run takes every byte.
const step = process.env['HOLDFAST_LONG'] === '1' ? 1 : 7

test('every byte flipped in turn: an error or a healed header, never wrong content, and always a finding', async () => {
  const healedAt: number[] = []
  const from = randomInt(step)
  for (let at = from; at < good.length; at += step) {
    const attacked = Buffer.from(good)
    attacked[at] = (attacked[at] as number) ^ (1 << (at % 8))
    const code = readAttacked(attacked)
    if (at < headerBytes) {
      expect([at, code]).toEqual([at, null])
      healedAt.push(at)
    } else {
      // A reader meets a segment only where it needs it; one that no content lies in may pass.
      expect([null, 'E_DAMAGED']).toContain(code)
    }
    // Every level looks at the header in the same way; scrub is the quickest.
    const findings = await verify(at < headerBytes ? 'scrub' : 'full')
    expect([at, findings.length > 0]).toEqual([at, true])
    expect([at, findings.some(({ severity }) => severity === 'damage')]).toEqual([at, at >= headerBytes])
  }
  expect(healedAt.length, `from ${from}`).toBe(Math.ceil((headerBytes - from) / step))
}, 120_000)

test('a damaged header copy is a warning, both are damage', async () => {
  const attacked = Buffer.from(good)
  attacked[40] = 0
  readAttacked(attacked)
  for (const level of ['scrub', 'quick', 'full'] as const)
    expect((await verify(level)).map(({ what, severity }) => [what, severity])).toEqual([
      ['the first copy of the header is damaged', 'warning'],
    ])
  attacked[4096 + 40] = 0
  expect(readAttacked(attacked)).toBe('E_DAMAGED')
  for (const level of ['scrub', 'quick', 'full'] as const)
    expect((await verify(level)).map(({ severity }) => severity)).toContain('damage')
})

test('cut at any length: an error at every level that looks', async () => {
  for (let length = 0; length < good.length; length += length < headerBytes ? 511 : 1) {
    expect([length, readAttacked(good.subarray(0, length))]).toEqual([length, 'E_DAMAGED'])
    expect((await verify('quick')).map(({ severity }) => severity)).toContain('damage')
  }
}, 60_000)

test('extended by up to 64 bytes: an error', async () => {
  for (let more = 1; more <= 64; more++) {
    expect([more, readAttacked(Buffer.concat([good, Buffer.alloc(more, more)]))]).toEqual([more, 'E_DAMAGED'])
    expect((await verify('quick')).map(({ severity }) => severity)).toContain('damage')
  }
})

test('segments swapped, duplicated or deleted: an error', async () => {
  const list = segments()
  const header = good.subarray(0, headerBytes)
  const attacks: Buffer[][] = []
  for (let a = 0; a < list.length; a++) {
    for (let b = a + 1; b < list.length; b++) {
      const swapped = [...list]
      swapped[a] = list[b] as Buffer
      swapped[b] = list[a] as Buffer
      attacks.push(swapped)
      const doubled = [...list]
      doubled[b] = list[a] as Buffer
      attacks.push(doubled)
    }
    attacks.push(list.toSpliced(a, 1), list.toSpliced(a, 0, list[a] as Buffer))
  }
  for (const attacked of attacks) {
    readAttacked(Buffer.concat([header, ...attacked]))
    expect((await verify('full')).map(({ severity }) => severity)).toContain('damage')
  }
})

test('damage in the middle is named with the entry it hits, and the others are still checked', async () => {
  const at = headerBytes + segmentBytes + 20
  const attacked = Buffer.from(good)
  attacked[at] = (attacked[at] as number) ^ 1
  readAttacked(attacked)
  const findings = await verify('full')
  expect(findings.map(({ what }) => what).join('\n')).toMatch(/segment 1 of \d+ failed authentication/)
  expect(findings.map(({ what }) => what)).toContain('the archive fails the SHA-256 of its manifest')
})

test('a missing archive is a finding; a missing, a wrong key and an interruption are errors', async () => {
  readAttacked(good)
  const without = { secrets: [], slotKeys: [] }
  await expect(verify('quick', without)).rejects.toMatchObject({ code: 'E_KEY_MISSING' })
  await expect(verify('full', wrongKeys)).rejects.toMatchObject({ code: 'E_KEY_WRONG' })
  expect(await verify('scrub', without)).toEqual([])
  const gone = { ...archive.place, path: pathFromText(`${room.path}/gone`) }
  for (const level of ['scrub', 'quick', 'full'] as const) {
    const findings = await verifyArchive(files, here, gone, archive.promised, archive.keys, level, options)
    expect(findings.map(({ severity }) => severity)).toContain('damage')
    const interrupted = { ...options, signal: AbortSignal.abort() }
    const verifying = verifyArchive(files, here, archive.place, archive.promised, archive.keys, level, interrupted)
    await expect(verifying).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
  }
})
