import { damaged } from '../../model/errors.ts'
import { tarBlockBytes } from './tar-header.ts'

/** One ustar header block, read strictly (POSIX.1-2017, ustar Interchange Format). */
export interface UstarHeader {
  readonly flag: number
  readonly name: string
  readonly link: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly userName: string
  readonly groupName: string
  readonly device: { readonly major: number; readonly minor: number }
}

/** @throws E_DAMAGED where a byte is not as tar-header.ts writes it. */
export function parseUstar(block: Buffer): UstarHeader {
  let sum = 8 * 0x20
  for (let at = 0; at < tarBlockBytes; at++) if (at < 148 || at >= 156) sum += block[at] as number
  if (octal(block, 148, 7) !== sum || block[155] !== 0x20) throw damaged('a tar header fails its checksum')
  if (block.toString('latin1', 257, 265) !== 'ustar\x0000') throw damaged('a tar header is not ustar')
  const flag = block[156] as number
  const isDevice = flag === 0x33 || flag === 0x34
  mustBeZero(block.subarray(isDevice ? 345 : 329), 'the end of a tar header')
  const mode = octal(block, 100, 8)
  if (mode > 0o7777) throw damaged('a tar header has an impossible mode')
  return {
    flag,
    name: text(block, 0, 100),
    link: text(block, 157, 100),
    mode,
    uid: octal(block, 108, 8),
    gid: octal(block, 116, 8),
    size: octal(block, 124, 12),
    mtime: octal(block, 136, 12),
    userName: text(block, 265, 32),
    groupName: text(block, 297, 32),
    device: isDevice ? { major: octal(block, 329, 8), minor: octal(block, 337, 8) } : { major: 0, minor: 0 },
  }
}

/** Octal digits that fill the field but for its last byte, which is NUL. */
function octal(block: Buffer, at: number, width: number): number {
  let value = 0
  for (let digit = at; digit < at + width - 1; digit++) {
    const byte = block[digit] as number
    if (byte < 0x30 || byte > 0x37) throw damaged('a tar header has a number that is none')
    value = value * 8 + byte - 0x30
  }
  if (block[at + width - 1] !== 0) throw damaged('a tar header has a number that does not end')
  return value
}

function text(block: Buffer, at: number, width: number): string {
  let end = at
  while (end < at + width && block[end] !== 0) end++
  for (let rest = end; rest < at + width; rest++)
    if (block[rest] !== 0) throw damaged('a tar header has bytes after the end of a name')
  return block.toString('latin1', at, end)
}

/** @throws E_DAMAGED. */
export function mustBeZero(bytes: Uint8Array, what: string): void {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) throw damaged(`${what} is not zero`)
}
