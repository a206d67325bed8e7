/**
 * Gives a large buffer's memory back at once, where the collector would wait until much more of it had gathered.
 * Nobody may look at the buffer afterwards.
 */
export function release(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength && buffer.byteLength > 65_536)
    buffer.transfer(0)
}
