import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { BackupError, damaged } from '../../model/errors.ts'

/**
 * Tink's streaming AEAD AES256_GCM_HKDF: `0x28 ‖ salt ‖ nonce prefix`, then segments of `segmentBytes`, each ending
 * with its tag; the first is shorter by that prefix. A segment's nonce holds its number and whether it is the last,
 * so segments cannot be cut off, added, swapped or repeated.
 * https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming
 */

export const tagBytes = 16
export const noncePrefixBytes = 7
export const saltBytes = 32
/** Length of what precedes the first segment with 32-byte keys. */
export const prefixBytes = 1 + saltBytes + noncePrefixBytes
/** 64 TiB of 1 MiB segments: GCM's bounds hold up to here. */
export const segmentLimit = 2 ** 26

/** Other hashes and key sizes are for the published test vectors only; Holdfast writes the defaults. */
export interface Variant {
  readonly hash: 'sha1' | 'sha256' | 'sha512'
  readonly keyBytes: 16 | 32
}
const production: Variant = { hash: 'sha256', keyBytes: 32 }

export function deriveSegmentKey(
  keyValue: Uint8Array,
  salt: Uint8Array,
  associatedData: Uint8Array,
  variant: Variant = production,
): Uint8Array {
  return new Uint8Array(hkdfSync(variant.hash, keyValue, salt, associatedData, variant.keyBytes))
}

function cipherName(derivedKey: Uint8Array): 'aes-128-gcm' | 'aes-256-gcm' {
  return derivedKey.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
}

function segmentNonce(noncePrefix: Uint8Array, segment: number, last: boolean): Uint8Array {
  const nonce = Buffer.alloc(12)
  nonce.set(noncePrefix)
  nonce.writeUInt32BE(segment, noncePrefixBytes)
  nonce[11] = last ? 1 : 0
  return nonce
}

export interface SealerOptions {
  readonly streamKey: Uint8Array
  readonly associatedData: Uint8Array
  /** Length of a whole segment with its tag. */
  readonly segmentBytes: number
  /** Random, as long as the derived key, never used twice with the same stream key. */
  readonly salt: Uint8Array
  /** Random, 7 bytes. */
  readonly noncePrefix: Uint8Array
}

/**
 * Cuts a stream into segments and seals them, piece by piece: what a push gives back is to be appended to the file in
 * order. Nothing is held but the beginning of a segment that may yet be the last, and that is a copy: a buffer that was
 * pushed is the caller's again.
 */
export class SegmentSealer {
  readonly #options: SealerOptions
  readonly #derivedKey: Uint8Array
  readonly #pending: Uint8Array
  #segment = 0
  #pendingBytes = 0
  #finished = false

  constructor(options: SealerOptions, variant: Variant = production) {
    if (options.salt.length !== variant.keyBytes || options.noncePrefix.length !== noncePrefixBytes) {
      throw new BackupError('E_INTERNAL', 'salt or nonce prefix has the wrong length')
    }
    if (options.segmentBytes <= 1 + variant.keyBytes + noncePrefixBytes + tagBytes) {
      throw new BackupError('E_INTERNAL', `a segment of ${options.segmentBytes} bytes has no room for content`)
    }
    this.#options = options
    this.#derivedKey = deriveSegmentKey(options.streamKey, options.salt, options.associatedData, variant)
    this.#pending = Buffer.allocUnsafeSlow(options.segmentBytes)
  }

  /** What precedes the first segment: 40 bytes. */
  header(): Uint8Array {
    const { salt, noncePrefix } = this.#options
    return Buffer.concat([Uint8Array.of(1 + salt.length + noncePrefixBytes), salt, noncePrefix])
  }

  /** Pieces of the segments that these bytes completed. Throws E_UNSUPPORTED past 64 TiB. */
  push(bytes: Uint8Array): Uint8Array[] {
    if (this.#finished) throw new BackupError('E_INTERNAL', 'a finished stream was written to')
    const pieces: Uint8Array[] = []
    let rest = bytes
    // A full segment is sealed once a byte behind it has come, for only then it is surely not the last.
    for (let room = this.#room(); rest.length > room; room = this.#room()) {
      this.#seal(false, rest.subarray(0, room), pieces)
      rest = rest.subarray(room)
    }
    this.#pending.set(rest, this.#pendingBytes)
    this.#pendingBytes += rest.length
    return pieces
  }

  /** The pieces of the last segment; it is empty of content only where the whole stream is. */
  finish(): Uint8Array[] {
    if (this.#finished) throw new BackupError('E_INTERNAL', 'a stream was finished twice')
    this.#finished = true
    const pieces: Uint8Array[] = []
    this.#seal(true, noBytes, pieces)
    return pieces
  }

  #room(): number {
    const { segmentBytes, salt } = this.#options
    const prefix = this.#segment === 0 ? 1 + salt.length + noncePrefixBytes : 0
    return segmentBytes - tagBytes - prefix - this.#pendingBytes
  }

  #seal(last: boolean, more: Uint8Array, pieces: Uint8Array[]): void {
    if (this.#segment >= segmentLimit) {
      throw new BackupError(
        'E_UNSUPPORTED',
        'the archive is larger than 64 TiB',
        'divide the service into smaller ones',
      )
    }
    const nonce = segmentNonce(this.#options.noncePrefix, this.#segment, last)
    const cipher = createCipheriv(cipherName(this.#derivedKey), this.#derivedKey, nonce, { authTagLength: tagBytes })
    if (this.#pendingBytes > 0) pieces.push(cipher.update(this.#pending.subarray(0, this.#pendingBytes)))
    if (more.length > 0) pieces.push(cipher.update(more))
    cipher.final()
    pieces.push(cipher.getAuthTag())
    this.#segment++
    this.#pendingBytes = 0
  }
}

const noBytes = new Uint8Array(0)

/** All an opener needs: plain data, to be sent to a worker. It is a key: never logged. */
export interface SegmentKey {
  readonly derivedKey: Uint8Array
  readonly noncePrefix: Uint8Array
  readonly segmentBytes: number
  /** Length of the header region before the stream. */
  readonly headerBytes: number
  /** Length of the whole file. */
  readonly fileBytes: number
}

export interface OpenerOptions {
  readonly streamKey: Uint8Array
  readonly associatedData: Uint8Array
  readonly segmentBytes: number
  /** The 40 bytes that follow the header region. */
  readonly prefix: Uint8Array
  readonly headerBytes: number
  readonly fileBytes: number
}

/** Throws E_DAMAGED where the prefix is not that of a stream. */
export function segmentKeyOf(options: OpenerOptions, variant: Variant = production): SegmentKey {
  const { prefix, segmentBytes, headerBytes, fileBytes } = options
  const length = 1 + variant.keyBytes + noncePrefixBytes
  if (prefix.length !== length || prefix[0] !== length) throw damaged('the encrypted stream does not begin as it must')
  const salt = prefix.subarray(1, 1 + variant.keyBytes)
  return {
    derivedKey: deriveSegmentKey(options.streamKey, salt, options.associatedData, variant),
    noncePrefix: Uint8Array.from(prefix.subarray(1 + variant.keyBytes)),
    segmentBytes,
    headerBytes,
    fileBytes,
  }
}

/**
 * Opens segments in any order.
 *
 * `open` authenticates one segment, and nothing about the end of the file: a reader opens the last segment first, and
 * releases nothing before that has succeeded.
 */
export class SegmentOpener {
  readonly segmentCount: number
  /** Length of the whole plaintext. */
  readonly plaintextBytes: number
  readonly #key: SegmentKey
  readonly #prefixBytes: number

  /** Throws E_DAMAGED where no stream can have this length. */
  constructor(key: SegmentKey) {
    const { segmentBytes, headerBytes, fileBytes } = key
    this.#key = key
    this.#prefixBytes = 1 + key.derivedKey.length + noncePrefixBytes
    if (!Number.isSafeInteger(segmentBytes) || segmentBytes <= this.#prefixBytes + tagBytes) {
      throw damaged(`a segment length of ${segmentBytes} bytes is impossible`)
    }
    const streamBytes = fileBytes - headerBytes
    if (!Number.isSafeInteger(streamBytes) || streamBytes < this.#prefixBytes + tagBytes) {
      throw damaged('the archive is cut off before its first segment')
    }
    this.segmentCount = Math.ceil(streamBytes / segmentBytes)
    const lastBytes = streamBytes - (this.segmentCount - 1) * segmentBytes
    if (this.segmentCount > 1 && lastBytes <= tagBytes) throw damaged('the archive is cut off inside its last segment')
    if (this.segmentCount > 2 ** 32) throw damaged('the archive has more segments than a stream can have')
    this.plaintextBytes = streamBytes - this.#prefixBytes - tagBytes * this.segmentCount
  }

  /** Where a byte of the plaintext lies. Throws E_DAMAGED beyond its end: the offset came from a damaged place. */
  locate(plaintextOffset: number): { segment: number; offset: number } {
    if (!Number.isSafeInteger(plaintextOffset) || plaintextOffset < 0 || plaintextOffset >= this.plaintextBytes) {
      throw damaged(`offset ${plaintextOffset} lies outside the archive's ${this.plaintextBytes} bytes`)
    }
    const first = this.#key.segmentBytes - this.#prefixBytes - tagBytes
    if (plaintextOffset < first) return { segment: 0, offset: plaintextOffset }
    const others = this.#key.segmentBytes - tagBytes
    const beyond = plaintextOffset - first
    return { segment: 1 + Math.floor(beyond / others), offset: beyond % others }
  }

  /** Where a segment, tag included, lies in the file. */
  ciphertextRange(segment: number): { position: number; length: number } {
    this.#mustExist(segment)
    const { segmentBytes, headerBytes, fileBytes } = this.#key
    const position = headerBytes + (segment === 0 ? this.#prefixBytes : segment * segmentBytes)
    return { position, length: Math.min(headerBytes + (segment + 1) * segmentBytes, fileBytes) - position }
  }

  /** Which part of the plaintext a segment holds. */
  plaintextRange(segment: number): { offset: number; length: number } {
    const { position, length } = this.ciphertextRange(segment)
    const offset = position - this.#key.headerBytes - this.#prefixBytes - tagBytes * segment
    return { offset, length: length - tagBytes }
  }

  /** The segment's plaintext, once its tag has been checked. Throws E_DAMAGED, and then no byte of it gets out. */
  open(segment: number, ciphertext: Uint8Array): Uint8Array {
    if (ciphertext.length !== this.ciphertextRange(segment).length) {
      throw damaged(`segment ${segment} of ${this.segmentCount} is cut short`)
    }
    const { derivedKey, noncePrefix } = this.#key
    const nonce = segmentNonce(noncePrefix, segment, segment === this.segmentCount - 1)
    const decipher = createDecipheriv(cipherName(derivedKey), derivedKey, nonce, { authTagLength: tagBytes })
    const tagAt = ciphertext.length - tagBytes
    decipher.setAuthTag(ciphertext.subarray(tagAt))
    const plaintext = decipher.update(ciphertext.subarray(0, tagAt))
    try {
      decipher.final()
    } catch {
      throw damaged(`segment ${segment} of ${this.segmentCount} failed authentication`)
    }
    return plaintext
  }

  #mustExist(segment: number): void {
    if (!Number.isSafeInteger(segment) || segment < 0 || segment >= this.segmentCount) {
      throw damaged(`segment ${segment} lies outside the archive's ${this.segmentCount}`)
    }
  }
}
