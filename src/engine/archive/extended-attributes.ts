import type { TocEntry } from '../../model/toc.ts'
import type { AccountNames } from '../platform/account-names.ts'
import { aclAttributes, aclToText } from './acl.ts'

/** Extended attributes as an archive keeps them: ACLs as text of their own, the rest as names and bytes. */
export interface ExtendedAttributes {
  readonly xattrs: ReadonlyMap<string, Uint8Array>
  readonly acl: TocEntry['acl']
  /** Those that did not fit; said in the warning of whoever stores the entry. */
  readonly leftOut: readonly string[]
}

export const noXattrs: ReadonlyMap<string, Uint8Array> = new Map()
export const noExtendedAttributes: ExtendedAttributes = { xattrs: noXattrs, acl: null, leftOut: [] }

/** A line of the table of contents has a megabyte for everything; as base64 these take two thirds of it at most. */
const mostBytes = 512 * 1024

export function splitXattrs(all: Map<string, Uint8Array>, names: AccountNames): ExtendedAttributes {
  if (all.size === 0) return noExtendedAttributes
  const xattrs = new Map<string, Uint8Array>()
  const leftOut: string[] = []
  const acl: { access?: string; default?: string } = {}
  let bytes = 0
  for (const [name, value] of all) {
    const which = name === aclAttributes.access ? 'access' : name === aclAttributes.default ? 'default' : null
    const text = which === null ? null : aclToText(value, names)
    const length = text?.length ?? name.length + value.length
    bytes += length
    if (bytes > mostBytes) {
      leftOut.push(name)
      bytes -= length
    } else if (which !== null && text !== null) acl[which] = text
    else xattrs.set(name, value)
  }
  return { xattrs, acl: Object.keys(acl).length === 0 ? null : acl, leftOut }
}

export function leftOutText(leftOut: readonly string[]): string {
  return `its extended attributes are too large together; left out: ${leftOut.join(', ')}`
}
