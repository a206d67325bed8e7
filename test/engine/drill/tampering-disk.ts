import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { joinPath, nameOf } from '../../../src/model/path.ts'
import type { Files } from '../../../src/model/ports.ts'

/** A disk on which the file `victim` is given another byte as soon as it has its name, with the times it had. */
export function createFiles(): Files {
  const disk = createDiskFiles()
  return {
    ...disk,
    rename(from, to) {
      disk.rename(from, to)
      if (nameOf(to) !== 'victim') return
      const before = disk.status(to)
      const fd = disk.open(to, 'read-write')
      disk.write(fd, Buffer.from('X'), 3)
      disk.setTimeOf(fd, before?.mtimeNs ?? 0n)
      disk.close(fd)
    },
    makeSymlink(target, path) {
      disk.makeSymlink(nameOf(path) === 'astray' ? joinPath(target, nameOf(path)) : target, path)
    },
  }
}
