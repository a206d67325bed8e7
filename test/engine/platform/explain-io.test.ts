import { expect, test } from 'vitest'
import { explainIfIo, explainIo } from '../../../src/engine/platform/explain-io.ts'
import { systemError } from '../../../src/engine/platform/libc.ts'
import { BackupError } from '../../../src/model/errors.ts'
import type { BytePath } from '../../../src/model/path.ts'

const path = '/data/a\x1b[31m\xff' as BytePath
const shown = '/data/a\\x1b[31m\\xff'

test.each([
  [28, 'E_NO_SPACE', 'no space left on the file system'],
  [122, 'E_NO_SPACE', 'the disk quota is used up'],
  [13, 'E_IO', 'permission denied'],
  [1, 'E_IO', 'not permitted'],
  [30, 'E_IO', 'the file system is read-only'],
  [5, 'E_IO', 'the disk reports an error'],
  [24, 'E_IO', 'too many open files'],
  [71, 'E_IO', 'EPROTO'],
])('says what error %i means, of what, safely for a terminal', (errno, code, why) => {
  const explained = explainIo(systemError(errno, 'write', path), 'write', path)
  expect(explained).toMatchObject({ code, message: `cannot write ${shown}: ${why}` })
  if (why !== 'EPROTO') expect(explained.hint).not.toBe('')
})

test('gives back what is already explained, and keeps the cause of the rest', () => {
  const known = new BackupError('E_BUSY', 'busy')
  expect(explainIo(known, 'write', path)).toBe(known)
  const cause = new Error('odd')
  expect(explainIo(cause, 'write', path)).toMatchObject({ code: 'E_IO', cause })
})

test('explains an error that may be ours only where it is the operating system’s', () => {
  const ours = Object.assign(new TypeError('odd'), { code: 'ERR_INVALID_ARG_TYPE' })
  expect(explainIfIo(ours, 'read', path)).toBe(ours)
  expect(explainIfIo(new Error('odd'), 'read', path)).toMatchObject({ message: 'odd' })
  // One that came from a worker thread has its code and nothing else.
  const fromWorker = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
  expect(explainIfIo(fromWorker, 'read', path)).toMatchObject({
    code: 'E_IO',
    message: `cannot read ${shown}: the disk reports an error`,
  })
})
