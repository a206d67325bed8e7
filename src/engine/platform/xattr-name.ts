/**
 * Names of extended attributes as text. They are bytes to the kernel and nearly always ASCII; a name that is not
 * UTF-8 has its bytes from 0x80 as lone surrogates U+DC80 to U+DCFF (as Python does, PEP 383), so that it comes
 * back byte for byte.
 */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()
const loneSurrogate = /[\udc80-\udcff]/u

export function xattrNameFromBytes(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('')
  }
}

export function xattrNameToBytes(name: string): Uint8Array {
  if (!loneSurrogate.test(name)) return encoder.encode(name)
  return Uint8Array.from(name, (char) => char.charCodeAt(0) & 0xff)
}
