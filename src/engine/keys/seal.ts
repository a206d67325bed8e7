import { createCipheriv, createDecipheriv } from 'node:crypto'

/**
 * Small sealed objects: IV (12 bytes), AES-256-GCM ciphertext, tag (16 bytes), in this order.
 *
 * The tag's length is given to the decipher: without it Node accepts a tag cut down to 4 bytes.
 */

export const ivBytes = 12
export const tagBytes = 16

export function sealBytes(
  key: Uint8Array,
  iv: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
  cipher.setAAD(associatedData)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return Buffer.concat([iv, ciphertext, cipher.getAuthTag()])
}

/** The plaintext, or null where key, associated data or bytes are not the ones that were sealed. */
export function unsealBytes(key: Uint8Array, sealed: Uint8Array, associatedData: Uint8Array): Uint8Array | null {
  if (sealed.length < ivBytes + tagBytes) return null
  const tagAt = sealed.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAAD(associatedData)
  decipher.setAuthTag(sealed.subarray(tagAt))
  const plaintext = decipher.update(sealed.subarray(ivBytes, tagAt))
  try {
    decipher.final()
  } catch {
    return null
  }
  return plaintext
}
