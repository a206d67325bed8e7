import stringWidth from 'string-width'

const plainAscii = /^[\x20-\x7e]*$/

/** The columns a terminal gives a text that has no control characters in it. */
export function widthOf(text: string): number {
  return plainAscii.test(text) ? text.length : stringWidth(text)
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

export function graphemesOf(text: string): string[] {
  if (plainAscii.test(text)) return text.split('')
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

/** The longest beginning of the text that is no wider than `columns`. */
export function startOf(text: string, columns: number): string {
  if (plainAscii.test(text)) return text.slice(0, Math.max(0, columns))
  let taken = ''
  let width = 0
  for (const grapheme of graphemesOf(text)) {
    width += widthOf(grapheme)
    if (width > columns) break
    taken += grapheme
  }
  return taken
}

/** The longest ending of the text that is no wider than `columns`. */
export function endOf(text: string, columns: number): string {
  if (columns <= 0) return ''
  if (plainAscii.test(text)) return text.slice(-columns)
  let taken = ''
  let width = 0
  for (const grapheme of graphemesOf(text).reverse()) {
    width += widthOf(grapheme)
    if (width > columns) break
    taken = grapheme + taken
  }
  return taken
}
