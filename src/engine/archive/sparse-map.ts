import { hash } from 'node:crypto'

/** Where a file with holes has its data: regions as [offset, length], in order. */
export type Region = readonly [number, number]

export function isWhole(regions: readonly Region[], sizeBytes: number): boolean {
  return regions.length === 1 && regions[0]?.[0] === 0 && regions[0][1] === sizeBytes
}

/** More regions than this would make a line of the table of contents too long. */
const mostRegions = 32_768

/**
 * The map of a sparse file. GNU tar restores a file that ends in a hole short unless its map ends with (size, 0).
 * Past `mostRegions` the smallest holes are stored as the zeros they read as.
 */
export function sparseMap(regions: readonly Region[], sizeBytes: number): readonly Region[] {
  const few = regions.length <= mostRegions ? regions : withoutSmallHoles(regions)
  const last = few.at(-1)
  return last !== undefined && last[0] + last[1] === sizeBytes ? few : [...few, [sizeBytes, 0]]
}

function withoutSmallHoles(regions: readonly Region[]): [number, number][] {
  const holeBefore = (at: number): number => {
    const [offset, length] = regions[at - 1] as Region // at is 1 or more
    return (regions[at] as Region)[0] - offset - length
  }
  const holes = Float64Array.from({ length: regions.length - 1 }, (_, at) => holeBefore(at + 1)).sort()
  const kept = holes[holes.length - mostRegions + 1] as number // the smallest hole that stays
  const joined: [number, number][] = []
  regions.forEach(([offset, length], at) => {
    const last = joined.at(-1)
    if (last !== undefined && (holeBefore(at) < kept || joined.length >= mostRegions))
      last[1] = offset + length - last[0]
    else joined.push([offset, length])
  })
  return joined
}

/** SHA-256 of the file as it reads, holes as zeros; `stored` are its regions one after another. */
export function hashSparse(stored: Uint8Array, sparse: readonly Region[], sizeBytes: number): string {
  const logical = Buffer.alloc(sizeBytes)
  let at = 0
  for (const [offset, length] of sparse) {
    logical.set(stored.subarray(at, at + length), offset)
    at += length
  }
  return hash('sha256', logical)
}
