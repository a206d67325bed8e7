import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { type BytePath, joinPath, pathFromBytes, pathFromText } from '../../src/model/path.ts'
import type { Files } from '../../src/model/ports.ts'

/** Every kind of name, content and attribute that a file system can hold and a backup may lose. */
export function makeNastyTree(files: Files, root: string, can: { root: boolean; acl: boolean }): void {
  mkdirSync(root, { mode: 0o755 })
  const at = (name: string): string => `${root}/${name}`
  const bytes = (name: string): BytePath => pathFromText(at(name))
  const write = (name: string, content: string | Uint8Array = name): BytePath => {
    writeFileSync(at(name), content)
    return bytes(name)
  }

  for (const name of [
    'a',
    'a-b',
    'a.b',
    '-rf',
    '--checkpoint-action=exec=false',
    'new\nline',
    ' ',
    'tab\t',
    'back\\slash',
  ]) {
    mkdirSync(at(name))
    write(`${name}/x`)
  }
  write('Ünïcödé-日本語-😀.txt')
  write('ｆullwidth')
  write('😀astral')
  write('e\u0301-decomposed')
  write('\u00e9-composed')
  write('n'.repeat(255))
  write('ü'.repeat(127))
  let deep = root
  for (let depth = 0; depth < 4; depth++) {
    deep = `${deep}/${String(depth).repeat(90)}`
    mkdirSync(deep)
  }
  writeFileSync(`${deep}/${'leaf'.repeat(40)}`, 'deep')
  const raw = openSync(
    Buffer.from(joinPath(pathFromText(root), pathFromBytes(Uint8Array.of(0xff, 0xfe, 0x80))), 'latin1'),
    'w',
  )
  writeSync(raw, 'not UTF-8')
  closeSync(raw)
  mkdirSync(Buffer.from(joinPath(pathFromText(root), pathFromBytes(Buffer.from('dir-\xe9', 'latin1'))), 'latin1'))
  files.makeSymlink(pathFromBytes(Uint8Array.of(0xc3, 0x28)), bytes('link-to-bytes'))

  write('empty', '')
  mkdirSync(at('empty-directory'))
  write('block', Buffer.alloc(512, 1))
  write('block-and-one', Buffer.alloc(513, 2))
  write('megabyte', Buffer.alloc(1 << 20, 'abc'))
  write('large', incompressible(9 << 20))
  write('zeros', Buffer.alloc(70_000))

  files.setTime(write('time-ns'), 1_600_000_000_123_456_789n)
  files.setTime(write('time-negative'), -1_500_000_000n)
  files.setTime(write('time-far-negative'), -1_000_000_000_000_000_000n)
  files.setTime(write('time-past-2038'), 4_000_000_000_000_000_001n)
  files.setTime(write('time-past-2-to-33'), 8_590_000_000_999_999_999n)
  files.setTime(write('time-zero'), 0n)

  symlinkSync('empty', at('link'))
  symlinkSync('/nowhere/at/all', at('link-dangling'))
  symlinkSync('t'.repeat(400), at('link-long'))
  symlinkSync('line\nfeed', at('link-newline'))
  write('hard-1', 'linked')
  linkSync(at('hard-1'), at('hard-2'))
  linkSync(at('hard-1'), at(`hard-${'3'.repeat(150)}`))
  linkSync(at('empty'), at('hard-empty'))
  files.makeSpecial(bytes('fifo'), 'fifo', 0o640, { major: 0, minor: 0 })

  for (const [name, mode] of [
    ['m0', 0],
    ['m4755', 0o4755],
    ['m2711', 0o2711],
    ['m1777', 0o1777],
    ['m600', 0o600],
  ] as const) {
    write(name)
    chmodSync(at(name), mode)
  }
  mkdirSync(at('d1777'))
  chmodSync(at('d1777'), 0o1777)
  mkdirSync(at('d2775'))
  chmodSync(at('d2775'), 0o2775)

  const sparse = (name: string, size: number, data: readonly (readonly [number, string])[]): void => {
    const fd = openSync(at(name), 'w')
    for (const [offset, text] of data) writeSync(fd, text, offset)
    ftruncateSync(fd, size)
    closeSync(fd)
  }
  sparse('sparse-middle', 3 << 20, [
    [0, 'head'],
    [(3 << 20) - 4, 'tail'],
  ])
  sparse('sparse-ends-in-hole', 2 << 20, [[1 << 20, 'data']])
  sparse('sparse-only-hole', 1 << 20, [])
  sparse('sparse-large', 40 << 20, [
    [10 << 20, 'x'.repeat(100_000)],
    [30 << 20, 'y'.repeat(100_000)],
  ])

  const xattr = (path: BytePath, name: string, value: Uint8Array): void => files.setXattr(path, name, value)
  const attributed = write('xattrs')
  xattr(attributed, 'user.plain', Buffer.from('value'))
  xattr(attributed, 'user.empty', new Uint8Array(0))
  xattr(
    attributed,
    'user.binary',
    Uint8Array.from({ length: 256 }, (_, byte) => byte),
  )
  xattr(attributed, 'user.lines', Buffer.from('a\nb=c\n\0d=\n12 x=y\n'))
  xattr(attributed, 'user.eq=ual%25%3D', Buffer.from('odd name'))
  xattr(attributed, 'user.ünï', Buffer.from('name beyond ASCII'))
  xattr(bytes('empty-directory'), 'user.on-directory', Buffer.from('yes'))
  xattr(bytes('large'), 'user.on-large', Buffer.from('yes'))

  if (can.root) {
    files.setOwner(write('owner-large'), 3_000_000, 4_000_000_000)
    files.setOwner(write('owner-plain'), 1234, 5678)
    files.makeSpecial(bytes('null'), 'char-device', 0o666, { major: 1, minor: 3 })
    files.makeSpecial(bytes('disk'), 'block-device', 0o660, { major: 259, minor: 70_000 })
    xattr(attributed, 'trusted.root-only', Buffer.from('yes'))
  }
  if (can.acl) {
    execFileSync('setfacl', ['-m', 'u:1234:rwx,g:5678:r-x,u:root:r--', write('acl')])
    execFileSync('setfacl', ['-m', 'd:u:1234:rwx,d:g::r-x', at('empty-directory')])
    execFileSync('setfacl', ['-m', 'u:1234:r--', at('empty-directory')])
  }
}

/** The same bytes in every run. */
function incompressible(length: number): Uint8Array {
  const out = Buffer.alloc(length)
  let state = 1
  for (let at = 0; at < length; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    out.writeUInt32LE(state, at)
  }
  return out
}
