import { crc32 } from 'node:zlib'
import { damaged } from '../../model/errors.ts'
import { type Compression, locatorBytes, type RootLocation } from '../../model/format.ts'

/** The last bytes of the stream S: where root.json lies, wrapped so that every decompressor passes over it. */

const magic = 'BKALOC1\n'
const bareBytes = 64
const gzipHead = Buffer.from('1f8b08040000000000ff4400424b4000', 'hex')
const gzipTail = Buffer.from('010000ffff0000000000000000', 'hex')

export function encodeLocator(location: RootLocation, streamBytes: number, compression: Compression): Uint8Array {
  const bare = Buffer.alloc(bareBytes)
  bare.write(magic, 0, 'latin1')
  bare.writeBigUInt64BE(BigInt(location.offset), 8)
  bare.writeBigUInt64BE(BigInt(location.compressedBytes), 16)
  bare.writeBigUInt64BE(BigInt(location.inner), 24)
  bare.writeBigUInt64BE(BigInt(location.rootBytes), 32)
  bare.writeBigUInt64BE(BigInt(streamBytes), 40)
  bare.writeUInt32BE(crc32(bare.subarray(0, 60)), 60)
  switch (compression) {
    case 'zstd':
      return Buffer.concat([Buffer.from('5b2a4d1840000000', 'hex'), bare])
    case 'gzip':
      return Buffer.concat([gzipHead, bare, gzipTail])
    case 'none':
      return Buffer.concat([bare], 512)
    case 'xz':
    case 'bzip2':
      return bare
  }
}

/**
 * Reads the wrapper from the last bytes of S.
 *
 * @throws E_DAMAGED where it is not exactly what a writer makes, or names another stream length.
 */
export function decodeLocator(wrapper: Uint8Array, streamBytes: number, compression: Compression): RootLocation {
  if (wrapper.length !== locatorBytes[compression]) throw damaged('the archive does not end with its locator')
  const start = compression === 'zstd' ? 8 : compression === 'gzip' ? gzipHead.length : 0
  const bare = Buffer.from(wrapper.buffer, wrapper.byteOffset + start, bareBytes)
  if (bare.toString('latin1', 0, 8) !== magic) throw damaged('the archive does not end with its locator')
  if (bare.readUInt32BE(60) !== crc32(bare.subarray(0, 60))) throw damaged("the archive's locator fails its checksum")
  const field = (at: number): number => {
    const value = bare.readBigUInt64BE(at)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged("the archive's locator is out of range")
    return Number(value)
  }
  const location = { offset: field(8), compressedBytes: field(16), inner: field(24), rootBytes: field(32) }
  if (field(40) !== streamBytes)
    throw damaged(`the archive is ${streamBytes} bytes long, its locator says ${field(40)}`)
  if (location.offset + location.compressedBytes + wrapper.length !== streamBytes)
    throw damaged("the archive's locator points elsewhere than to its end")
  if (!Buffer.from(encodeLocator(location, streamBytes, compression)).equals(wrapper))
    throw damaged("the archive's locator is wrapped in unknown bytes")
  return location
}
