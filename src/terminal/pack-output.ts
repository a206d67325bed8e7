/**
 * Ink goes down line by line over what stays as it was, and to the first column after every line feed, which the
 * terminal does by itself (onlcr holds in raw mode too). A table of thirty rows with two that change would be a hundred
 * bytes of that for each key: over a slow line they count.
 */

/** A frame in fewer bytes: the same picture, and the cursor in the same place. */
export function packFrame(text: string): string {
  return text
    .replaceAll('\n\x1b[1G', '\n')
    .replace(/(?:\x1b\[E){2,}/g, (steps) => `\x1b[${steps.length / '\x1b[E'.length}E`)
}

/** All that is written there is packed from now on; what it gives back ends that. */
export function packOutput(stream: NodeJS.WriteStream): () => void {
  const { write } = stream
  const packed = (chunk: string | Uint8Array, ...rest: unknown[]): boolean =>
    Reflect.apply(write, stream, [typeof chunk === 'string' ? packFrame(chunk) : chunk, ...rest])
  stream.write = packed
  return () => {
    stream.write = write
  }
}
