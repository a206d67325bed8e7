import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { pathFromText } from '../../../src/model/path.ts'
import type { Files } from '../../../src/model/ports.ts'

/**
 * A double of the disk on which the ctime of one file stays what it was, as behind a write past the file system: path
 * and nanoseconds since 1970 stand in HOLDFAST_HIDDEN, apart by a space. Every thread makes its own.
 */
export function createFiles(): Files {
  const disk = createDiskFiles()
  const [path = '', ctime = ''] = (process.env['HOLDFAST_HIDDEN'] ?? '').split(' ')
  if (path === '') return disk
  const hidden = pathFromText(path)
  return {
    ...disk,
    status(asked) {
      const status = disk.status(asked)
      return asked === hidden && status !== undefined ? { ...status, ctimeNs: BigInt(ctime) } : status
    },
  }
}
