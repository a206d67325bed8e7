import { mkdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { OpenDirectories } from '../../../src/engine/restore/open-directories.ts'
import { type BytePath, joinPath, parentOf, rootPath } from '../../../src/model/path.ts'
import type { Files } from '../../../src/model/ports.ts'
import { files, named, useScratch } from './scratch.ts'

const scratch = useScratch()

/** The directories of a chain `depth` deep, from the top down, and how many are opened while they are asked for. */
function chain(depth: number, limit?: number) {
  const base = scratch.at('chain')
  mkdirSync(base)
  const paths: BytePath[] = []
  for (let path = named('d'); paths.length < depth; path = joinPath(path, named('d'))) {
    files.makeDirectory(joinPath(base, path), 0o700)
    paths.push(path)
  }
  const counted = { opened: 0, closed: 0 }
  const counting: Files = {
    ...files,
    open(path, mode) {
      counted.opened++
      return files.open(path, mode)
    },
    close(fd) {
      counted.closed++
      files.close(fd)
    },
  }
  const fd = files.open(base, 'directory')
  const directories = new OpenDirectories(counting, [{ prefix: rootPath, base, fd }], limit)
  const inodeOf = (path: BytePath) => files.status(joinPath(base, path))?.inode
  const done = () => {
    directories.close()
    files.close(fd)
  }
  return { paths, directories, counted, inodeOf, done }
}

test.each([undefined, 8])('a deep tree is gone up without beginning at its top every time (limit %s)', (limit) => {
  const { paths, directories, counted, inodeOf, done } = chain(600, limit)
  let most = 0
  for (const path of paths.toReversed()) {
    expect(files.statusOf(directories.open(path)).inode).toBe(inodeOf(path))
    most = Math.max(most, counted.opened - counted.closed)
  }
  // From the top every time it would be 600 · 601 / 2 = 180,300.
  expect(counted.opened).toBeLessThan(limit === undefined ? 8000 : 50_000)
  expect(most).toBeLessThanOrEqual((limit ?? 64) + 1)
  done()
  expect(counted.closed).toBe(counted.opened)
})

test('two paths in a row are both good, however few may be open', () => {
  const { paths, directories, inodeOf, done } = chain(40, 1)
  const [one, other] = [paths[39], paths[12]] as [BytePath, BytePath]
  const places = [directories.child(one), directories.child(other)] as const
  expect(places.map((place) => files.status(place)?.inode)).toEqual([inodeOf(one), inodeOf(other)])
  expect(files.status(directories.child(parentOf(one)))?.inode).toBe(inodeOf(parentOf(one)))
  done()
})
