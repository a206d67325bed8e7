import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { pathFromText } from '../../src/model/path.ts'
import { compareTrees, describeTree } from '../oracles/describe-tree.ts'

const disk = createDiskFiles()

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `count` small files in directories of twenty, links, an empty directory, and one large file: 9 MiB unless told. */
export function makeTree(path: string, count: number, largeBytes = 9 << 20): void {
  const next = seeded(count)
  mkdirSync(path, { recursive: true })
  for (let at = 0; at < count; at++) {
    const directory = join(path, `directory-${Math.floor(at / 20)}`)
    mkdirSync(directory, { recursive: true })
    const file = join(directory, `file-${at}`)
    writeFileSync(file, `${at} ${'text '.repeat(Math.floor(next() * 2000))}`)
    chmodSync(file, at % 3 === 0 ? 0o600 : 0o644)
    utimesSync(file, 1_600_000_000 + at, 1_600_000_000.25 + at)
  }
  const large = Buffer.alloc(largeBytes)
  for (let at = 0; at < large.length; at += 4) large.writeUInt32LE(Math.floor(next() * 2 ** 32), at)
  writeFileSync(join(path, 'large'), large)
  mkdirSync(join(path, 'empty'))
  symlinkSync('directory-0/file-0', join(path, 'link'))
  linkSync(join(path, 'directory-0', 'file-1'), join(path, 'second-name'))
}

/** Every difference between two trees, attribute by attribute; none where they are the same. */
export function differences(source: string, copy: string): string[] {
  return compareTrees(describeTree(disk, pathFromText(source)), describeTree(disk, pathFromText(copy)), () => false)
}

export function ownTree(path: string, uid: number): void {
  chownSync(path, uid, uid)
  spawnSync('chown', ['-hR', `${uid}:${uid}`, path])
}
