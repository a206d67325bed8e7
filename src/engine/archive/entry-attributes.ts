import type { Attributes, EntryType } from '../../model/source.ts'

/** What the file system says of a name, as an entry of the given type carries it. */
export function attributesOf(status: Attributes, type: EntryType): Attributes {
  return {
    mode: status.mode,
    uid: status.uid,
    gid: status.gid,
    sizeBytes: type === 'file' ? status.sizeBytes : 0,
    allocatedBytes: status.allocatedBytes,
    mtimeNs: status.mtimeNs,
    ctimeNs: status.ctimeNs,
    inode: status.inode,
    device: status.device,
    deviceNumber: type === 'char-device' || type === 'block-device' ? status.deviceNumber : null,
    links: status.links,
  }
}
