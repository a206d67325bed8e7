import type { Files } from '../../model/ports.ts'

/** Reads until `into` is full or the file ends; returns the bytes read. */
export function readFully(files: Files, fd: number, into: Uint8Array, position: number): number {
  let got = 0
  while (got < into.length) {
    const count = files.read(fd, into, got, into.length - got, position + got)
    if (count === 0) break
    got += count
  }
  return got
}
