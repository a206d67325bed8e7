import { randomBytes } from 'node:crypto'
import type { Random } from '../../model/ports.ts'

/** The kernel's random numbers, fit for keys. */
export const systemRandom: Random = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
}
