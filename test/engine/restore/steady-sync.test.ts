import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { SteadySync } from '../../../src/engine/restore/steady-sync.ts'
import { BackupError } from '../../../src/model/errors.ts'
import { pathFromText } from '../../../src/model/path.ts'
import type { Files } from '../../../src/model/ports.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-sync-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const step = 64 << 20

function counting(sync: (call: number) => Promise<void>): { files: Files; calls: () => number; open: Set<number> } {
  const disk = createDiskFiles()
  const open = new Set<number>()
  let calls = 0
  const files: Files = {
    ...disk,
    open(path, mode) {
      const fd = disk.open(path, mode)
      open.add(fd)
      return fd
    },
    close(fd) {
      open.delete(fd)
      disk.close(fd)
    },
    syncFileSystem: () => sync(++calls),
  }
  return { files, calls: () => calls, open }
}

test('syncs along the way, one at a time, and once more at the end', async () => {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const { files, calls, open } = counting((call) => (call === 1 ? held : Promise.resolve()))
  const sync = new SteadySync(files, [pathFromText(directory)])
  sync.written(step - 1)
  expect(calls()).toBe(0)
  sync.written(1)
  sync.written(3 * step)
  expect(calls()).toBe(1)
  release()
  expect(await sync.finish()).toEqual([])
  expect(calls()).toBe(2)
  await sync.close()
  expect(open.size).toBe(0)
})

test('a sync that fails along the way ends the restore, and is not tried again', async () => {
  const { files, calls, open } = counting(() => Promise.reject(Object.assign(new Error(), { code: 'EIO', errno: -5 })))
  const sync = new SteadySync(files, [pathFromText(directory)])
  sync.written(step)
  await new Promise((resolve) => setImmediate(resolve))
  expect(() => sync.written(1)).toThrow(/cannot sync .*holdfast-sync/)
  await expect(sync.finish()).rejects.toMatchObject({ code: 'E_IO' })
  expect(calls()).toBe(1)
  await sync.close()
  expect(open.size).toBe(0)
})

test('a system that cannot sync a file system is told once, at the end', async () => {
  const { files, calls } = counting(() => Promise.reject(new BackupError('E_PLATFORM', 'no C library')))
  const path = pathFromText(directory)
  const sync = new SteadySync(files, [path])
  sync.written(step)
  expect(await sync.finish()).toEqual([path])
  expect(calls()).toBe(1)
  await sync.close()
})

test('closes what it opened where one place cannot be opened', () => {
  const { files, open } = counting(() => Promise.resolve())
  const missing = pathFromText(join(directory, 'missing'))
  expect(() => new SteadySync(files, [pathFromText(directory), missing])).toThrow(/cannot open .*missing/)
  expect(open.size).toBe(0)
})
