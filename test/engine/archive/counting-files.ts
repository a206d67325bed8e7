import type { Files } from '../../../src/model/ports.ts'

export interface Counted {
  readonly files: Files
  /** Every read as [position, length], in order. */
  readonly reads: [number, number][]
}

/** The disk, with every positioned read written down: what a reader would ask of a remote object. */
export function countingFiles(files: Files): Counted {
  const reads: [number, number][] = []
  return {
    reads,
    files: {
      ...files,
      read(fd, into, offset, length, position) {
        const got = files.read(fd, into, offset, length, position)
        if (position !== null && length > 0) reads.push([position, length])
        return got
      },
    },
  }
}
