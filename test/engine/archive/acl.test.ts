import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { aclAttributes, aclFromText, aclToText } from '../../../src/engine/archive/acl.ts'
import { BackupError } from '../../../src/model/errors.ts'
import { pathFromText } from '../../../src/model/path.ts'
import { requirement } from '../../requirements.ts'
import { files, scratch } from './archive-kit.ts'

const noNames = { user: () => null, group: () => null }
const names = { user: (id: number) => (id === 0 ? 'root' : null), group: (id: number) => (id === 0 ? 'root' : null) }
const room = scratch('acl')
afterAll(room.remove)

test.skipIf(!requirement('setfacl') || !requirement('getfacl'))('text of a real ACL sets the same ACL again', () => {
  const path = `${room.path}/file`
  writeFileSync(path, '')
  execFileSync('setfacl', ['-m', 'u:root:rw-,u:4242:r-x,g:77:-w-,m::rwx', path])
  const value = files.xattrs(pathFromText(path)).get(aclAttributes.access) as Uint8Array
  const text = aclToText(value, names) as string
  expect(text).toBe('user::rw-,user:root:rw-:0,user:4242:r-x:4242,group::r--,group:77:-w-:77,mask::rwx,other::r--')
  expect(Buffer.compare(aclFromText(text), value)).toBe(0)
  const other = `${room.path}/other`
  writeFileSync(other, '')
  files.setXattr(pathFromText(other), aclAttributes.access, aclFromText(text))
  const shown = (of: string): string => execFileSync('getfacl', ['-cn', of], { encoding: 'utf8' })
  expect(shown(other)).toBe(shown(path))
})

test('a name that means somebody else here does not matter: the number at the end counts', () => {
  const text = 'user::rw-,user:alice:r--:1001,group::r--,mask::r--,other::---'
  expect(aclToText(aclFromText(text), noNames)).toBe('user::rw-,user:1001:r--:1001,group::r--,mask::r--,other::---')
})

test.each([
  '',
  'user',
  'user::',
  'user::rwz',
  'nobody::rwx',
  'user:alice:rwx',
  'user:1:rwx:-1',
  'user:1:rwx:4294967296',
  'user:1:rwx:1.5',
  'mask:1:rwx:1',
])('the text %j is refused', (text) => {
  expect(() => aclFromText(text)).toThrow(BackupError)
})

test('any bytes are an ACL that comes back, or none; any text is one or a BackupError', () => {
  const version = fc.constantFrom(Buffer.from('02000000', 'hex'), Buffer.alloc(0))
  fc.assert(
    fc.property(version, fc.uint8Array({ maxLength: 48 }), (head, rest) => {
      const text = aclToText(Buffer.concat([head, rest]), noNames)
      if (text !== null && text !== '') aclToText(aclFromText(text), noNames)
    }),
    { numRuns: 2000, seed: 1 },
  )
  fc.assert(
    fc.property(fc.stringMatching(/^[usergomak:,rwx0-9-]*$/), (text) => {
      try {
        aclFromText(text)
      } catch (error) {
        expect(error).toBeInstanceOf(BackupError)
      }
    }),
    { numRuns: 2000, seed: 1 },
  )
})
