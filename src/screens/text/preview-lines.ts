import type { Preview, PreviewProof } from '../../model/browse.ts'
import { formatBytes } from '../../model/units.ts'
import { type Line, lineOf, span } from './line.ts'
import { plainMessage } from './plain.ts'

/** The beginning of a file in a few lines: as text where it is one, else byte for byte. Pure. */

/** More than fits any screen. */
export const previewBytes = 16 * 1024

export function previewLines({ bytes, sizeBytes }: Preview, columns: number, rows: number): readonly Line[] {
  if (sizeBytes === 0) return [lineOf(span(' empty', 'dim'))]
  const text = textOf(bytes, bytes.length < sizeBytes)
  if (text === null) return hexLines(bytes, columns, rows)
  return text.split('\n', rows).map((line) =>
    lineOf(
      ` ${plainMessage(
        line
          .replace(/\r$/, '')
          .slice(0, 4 * columns)
          .replaceAll('\t', '    '),
      )}`,
    ),
  )
}

/** Null for what is no text. Cut in the midst of a character, its last one is left out. */
export function textOf(bytes: Uint8Array, isCut: boolean): string | null {
  if (bytes.includes(0)) return null
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut })
    const odd = text.match(/[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]/g)?.length ?? 0
    return odd * 10 > text.length ? null : text
  } catch {
    return null
  }
}

/** `00000010  7f 45 4c 46 …  .ELF…`, sixteen bytes a line, or eight where that is too wide. */
export function hexLines(bytes: Uint8Array, columns: number, rows: number): readonly Line[] {
  const count = columns >= 78 ? 16 : 8
  return Array.from({ length: Math.min(rows, Math.ceil(bytes.length / count)) }, (_, row) => {
    const part = [...bytes.subarray(row * count, (row + 1) * count)]
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const shown = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    const offset = (row * count).toString(16).padStart(8, '0')
    return lineOf(span(` ${offset}  `, 'dim'), `${hex.padEnd(count * 3 - 1)}  ${shown}`)
  })
}

/** What stands behind what is shown. */
export function proofText(proof: PreviewProof, shownBytes: number): string {
  const beginning = `first ${formatBytes(shownBytes)}`
  switch (proof) {
    case 'file':
      return 'whole file, hash matches'
    case 'pieces':
      return `${beginning}, hashes match`
    case 'sealed':
      return `${beginning}, authentic, hash not checked`
    case 'none':
      return `${beginning}, hash NOT checked`
  }
}
