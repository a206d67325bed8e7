import { expect, test } from 'vitest'
import { ContentWriter } from '../../../src/engine/restore/content-writer.ts'
import { SharedWatch } from '../../../src/engine/restore/shared-watch.ts'
import type { RestorableEntry } from '../../../src/engine/restore/step-line.ts'
import type { Files } from '../../../src/model/ports.ts'
import { files, named, useScratch } from './scratch.ts'

const scratch = useScratch()
const days = 2 ** 52

/** A file of 11 bytes and a hole after them. */
function withHole(sizeBytes: number): RestorableEntry {
  return {
    path: named('image'),
    type: 'file',
    mode: 0o600,
    uid: 0,
    gid: 0,
    sizeBytes,
    mtimeNs: 0n,
    deviceNumber: null,
    linkTarget: null,
    sha256: '00'.repeat(32),
    content: { kind: 'none' },
    xattrs: new Map(),
    acl: null,
    sparse: [[0, 11]],
  } as RestorableEntry // what a writer of contents looks at, and a little more
}

test('a file that the file system cannot hold is refused before anything of it is written', () => {
  const calls: string[] = []
  const full: Files = {
    ...files,
    truncate() {
      calls.push('truncate')
      throw Object.assign(new Error('file too large'), { code: 'EFBIG' })
    },
    write() {
      calls.push('write')
    },
  }
  const fd = files.open(scratch.at('image'), 'create')
  expect(() => new ContentWriter(full, fd, withHole(days), null)).toThrow('file too large')
  files.close(fd)
  expect(calls).toEqual(['truncate'])
})

test('who is in the midst of a hole that takes days to hash stops when asked', async () => {
  const controller = new AbortController()
  const watch = new SharedWatch()
  const writer = new ContentWriter(files, null, withHole(days), new SharedWatch(watch.memory))
  writer.accept(Buffer.from('first file\n'))
  await watch.during(controller.signal, async () => {
    controller.abort()
    expect(() => writer.finish()).toThrow(expect.objectContaining({ code: 'E_INTERRUPTED' }))
  })
})

test('what one thread has written is known to the others', () => {
  const watch = new SharedWatch()
  new SharedWatch(watch.memory).advance(2 ** 40)
  new SharedWatch(watch.memory).advance(5)
  watch.advance(-(2 ** 40))
  expect(watch.bytes).toBe(5)
})
