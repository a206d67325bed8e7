import { createHash } from 'node:crypto'
import type { Random } from '../../../src/model/ports.ts'

/** Bytes that look random and are the same in every run. */
export function seededRandom(seed: string): Random {
  let block = 0
  return {
    bytes(count) {
      const bytes = Buffer.alloc(count)
      for (let at = 0; at < count; at += 32) {
        bytes.set(
          createHash('sha256')
            .update(`${seed} ${block++}`)
            .digest()
            .subarray(0, count - at),
          at,
        )
      }
      return bytes
    },
  }
}
