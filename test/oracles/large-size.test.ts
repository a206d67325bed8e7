import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { encodeTarHeader, paddedBytes } from '../../src/engine/archive/tar-header.ts'
import { verifyArchive } from '../../src/engine/verify/verify-archive.ts'
import { type BytePath, pathFromText } from '../../src/model/path.ts'
import { build, files, listSource, madeUp, poolOf, scratch } from '../engine/archive/archive-kit.ts'
import { byItself } from '../engine/verify/by-itself.ts'
import { requirement } from '../requirements.ts'

/** Sizes around 8 GiB, where ustar's field ends and a PAX record takes over. */

const gib8 = 8 * 2 ** 30
const sizes = [gib8 - 1, gib8, gib8 + 1]
const room = scratch('large-size')
afterAll(room.remove)

/** A tar whose contents are holes, so that it takes no room on the disk. */
function makeTar(): string {
  const path = `${room.path}/large.tar`
  const fd = openSync(path, 'w')
  let at = 0
  for (const sizeBytes of sizes) {
    const entry = madeUp(pathFromText(`size-${sizeBytes}`), 'file', null, { sizeBytes })
    const header = encodeTarHeader({
      ...entry,
      userName: null,
      groupName: null,
      xattrs: new Map(),
      acl: null,
      sparse: null,
      storedBytes: sizeBytes,
    })
    writeSync(fd, header, 0, header.length, at)
    at += header.length + paddedBytes(sizeBytes)
  }
  ftruncateSync(fd, at + 1024)
  closeSync(fd)
  return path
}

const tar = makeTar()
const expected = sizes.map((size) => `${size} size-${size}`)

function sizesIn(listing: string, column: number): string[] {
  return listing
    .trim()
    .split('\n')
    .map((line) => {
      const words = line.split(/\s+/)
      return `${words[column]} ${words.at(-1)}`
    })
}

test.skipIf(!requirement('tar'))('GNU tar sees sizes around 8 GiB', () => {
  expect(sizesIn(execFileSync('tar', ['-tvf', tar], { encoding: 'utf8' }), 2)).toEqual(expected)
})

test.skipIf(!requirement('bsdtar'))('bsdtar sees sizes around 8 GiB', () => {
  expect(sizesIn(execFileSync('bsdtar', ['-tvf', tar], { encoding: 'utf8' }), 4)).toEqual(expected)
})

test.skipIf(!requirement('python3'))('Python sees sizes around 8 GiB', () => {
  const script = `import sys, tarfile\nfor m in tarfile.open(sys.argv[1]): print(m.size, m.name)`
  expect(sizesIn(execFileSync('python3', ['-c', script, tar], { encoding: 'utf8' }), 0)).toEqual(expected)
})

test.skipIf(process.env['HOLDFAST_LONG'] !== '1')(
  'a stream of more than 8 GiB comes back with its hash (long: HOLDFAST_LONG=1)',
  async () => {
    const pool = poolOf(2)
    try {
      const zeros = new Uint8Array(16 << 20)
      const sizeBytes = gib8 + 1
      const entry = madeUp('zeros' as BytePath, 'file', null, { sizeBytes, allocatedBytes: sizeBytes })
      const content = {
        kind: 'stream',
        async *open() {
          for (let left = sizeBytes; left > 0; left -= zeros.length) yield zeros.slice(0, Math.min(left, zeros.length))
        },
      } as const
      const archive = await build(listSource([{ ...entry, content }]), { pool, directory: room.path })
      const { place, promised, keys } = archive
      const options = { signal: new AbortController().signal, onProgress: () => {}, ...byItself }
      expect(await verifyArchive(files, pool, place, promised, keys, 'full', options)).toEqual([])
      expect(sizesIn(execFileSync('tar', ['-tvf', place.path], { encoding: 'utf8' }), 2)).toContain(
        `${sizeBytes} zeros`,
      )
    } finally {
      await pool.close()
    }
  },
  120_000,
)
