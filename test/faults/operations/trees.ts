import { appendFileSync, chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeTree } from '../../e2e/trees.ts'
import type { Place } from '../operation.ts'

/** Large enough to be stored in parts; zeros, so that copying it for every case takes no time. */
const largeBytes = 9 << 20

/** `count` files in directories of twenty, links, an empty directory, and a file that is stored in parts. */
export function makeSource({ source }: Place, count: number): void {
  makeTree(source, count, 0)
  writeFileSync(join(source, 'large'), Buffer.alloc(largeBytes, 'a long line that repeats itself\n'))
}

/** As somebody leaves a tree of `count` who needs a restore: changed, added to, taken from, and a symlink out of it. */
export function changeSource({ source, outside }: Place, count: number): void {
  const at = (name: string): string => join(source, name)
  mkdirSync(at('directory-0/new/deep'), { recursive: true })
  for (const name of ['0-first', 'directory-0/new/a', 'directory-0/new/deep/b', 'directory-1/extra', 'zz-last'])
    writeFileSync(at(name), `extra ${name}`)
  symlinkSync(outside, at('directory-0/new/way-out'))
  for (let file = 0; file < count; file += 3)
    appendFileSync(at(`directory-${Math.floor(file / 20)}/file-${file}`), 'changed')
  for (const file of [21, 22, 23]) rmSync(at(`directory-${Math.floor(file / 20)}/file-${file}`))
  // Same content, other attributes.
  chmodSync(at('directory-0/file-13'), 0o640)
  utimesSync(at('directory-0/file-16'), 1_700_000_000, 1_700_000_000)
  chmodSync(at('directory-1'), 0o750)
  rmSync(at('link'))
  symlinkSync('elsewhere', at('link'))
  rmSync(at('empty'), { recursive: true })
}

/** What a day's work changes of a tree of 40: every fourth file, a new one, one gone, a little of the large one. */
export function workOnSource({ source }: Place): void {
  const at = (name: string): string => join(source, name)
  for (let file = 0; file < 40; file += 4)
    appendFileSync(at(`directory-${Math.floor(file / 20)}/file-${file}`), 'worked on')
  writeFileSync(at('directory-1/new'), 'new')
  rmSync(at('directory-1/file-25'))
  appendFileSync(at('large'), 'a little more')
}

export function makeOutside({ outside }: Place): void {
  mkdirSync(outside)
  writeFileSync(join(outside, 'precious'), 'reached only through a symlink')
}
