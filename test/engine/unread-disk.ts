import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import type { Files } from '../../src/model/ports.ts'

/** A double of the disk of which no byte of any file can be read. */
export function createFiles(): Files {
  return {
    ...createDiskFiles(),
    read() {
      throw new Error('content was read')
    },
  }
}
