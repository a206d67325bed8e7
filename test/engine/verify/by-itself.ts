import { Proven } from '../../../src/engine/verify/proven.ts'
import type { VerifyOptions } from '../../../src/engine/verify/verify-archive.ts'

/** For an archive that builds on no other. */
export const byItself: Pick<VerifyOptions, 'openOlder' | 'proven'> = {
  openOlder({ file }) {
    throw new Error(`${file} was asked for`)
  },
  proven: new Proven(0),
}
