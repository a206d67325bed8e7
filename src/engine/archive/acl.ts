import { damaged } from '../../model/errors.ts'

/**
 * POSIX access control lists: between the kernel's extended attributes `system.posix_acl_access` and `…_default`
 * (linux/posix_acl_xattr.h, version 2) and the text of `SCHILY.acl.*`, the form star writes: entries by comma,
 * a named entry with its numeric id at the end, so that it can be restored where the name means somebody else.
 */

export const aclAttributes = { access: 'system.posix_acl_access', default: 'system.posix_acl_default' } as const

const tags = [
  [0x01, 'user', false],
  [0x02, 'user', true],
  [0x04, 'group', false],
  [0x08, 'group', true],
  [0x10, 'mask', false],
  [0x20, 'other', false],
] as const

export interface AclNames {
  user(id: number): string | null
  group(id: number): string | null
}

/** Text of an ACL attribute, or null where the value is not an ACL of version 2. */
export function aclToText(value: Uint8Array, names: AclNames): string | null {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  if (value.length < 4 || (value.length - 4) % 8 !== 0 || view.getUint32(0, true) !== 2) return null
  const entries: string[] = []
  for (let at = 4; at < value.length; at += 8) {
    const tag = tags.find(([code]) => code === view.getUint16(at, true))
    if (tag === undefined) return null
    const permissions = view.getUint16(at + 2, true)
    const letters = `${permissions & 4 ? 'r' : '-'}${permissions & 2 ? 'w' : '-'}${permissions & 1 ? 'x' : '-'}`
    const [, kind, named] = tag
    if (!named) {
      entries.push(`${kind}::${letters}`)
    } else {
      const id = view.getUint32(at + 4, true)
      const name = (kind === 'user' ? names.user(id) : names.group(id)) ?? String(id)
      entries.push(`${kind}:${name}:${letters}:${id}`)
    }
  }
  return entries.join(',')
}

/** The attribute's value for a text this module wrote. @throws E_DAMAGED where the text is none of ours. */
export function aclFromText(text: string): Uint8Array {
  const entries = text.split(',')
  const out = new Uint8Array(4 + entries.length * 8)
  const view = new DataView(out.buffer)
  view.setUint32(0, 2, true)
  entries.forEach((entry, index) => {
    const [kind, name, letters, id] = entry.split(':')
    const named = name !== ''
    const tag = tags.find((row) => row[1] === kind && row[2] === named)
    if (tag === undefined || letters === undefined || !/^[r-][w-][x-]$/.test(letters))
      throw damaged(`an access control list reads '${entry}'`)
    const number = named ? Number(id ?? name) : 0xffffffff
    if (!Number.isInteger(number) || number < 0 || number > 0xffffffff)
      throw damaged(`an access control list names no id in '${entry}'`)
    const at = 4 + index * 8
    view.setUint16(at, tag[0], true)
    view.setUint16(
      at + 2,
      (letters[0] === 'r' ? 4 : 0) | (letters[1] === 'w' ? 2 : 0) | (letters[2] === 'x' ? 1 : 0),
      true,
    )
    view.setUint32(at + 4, number, true)
  })
  return out
}
