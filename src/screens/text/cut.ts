import { endOf, startOf, widthOf } from './width.ts'

/** Texts of an exact width on the screen. `mark` stands for what was cut out: `…`, or `~` where only ASCII is drawn. */

/** Cut at its end. */
export function cutEnd(text: string, columns: number, mark: string): string {
  if (widthOf(text) <= columns) return text
  return columns <= 0 ? '' : `${startOf(text, columns - widthOf(mark))}${mark}`
}

/** Cut in the middle, for paths and ids, whose ends tell them apart. */
export function cutMiddle(text: string, columns: number, mark: string): string {
  if (widthOf(text) <= columns) return text
  if (columns <= 0) return ''
  const kept = columns - widthOf(mark)
  const end = endOf(text, Math.ceil(kept / 2))
  return `${startOf(text, kept - widthOf(end))}${mark}${end}`
}

/** Cut at its start, where the end is what matters. */
export function cutStart(text: string, columns: number, mark: string): string {
  if (widthOf(text) <= columns) return text
  return columns <= 0 ? '' : `${mark}${endOf(text, columns - widthOf(mark))}`
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)))
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - widthOf(text))) + text
}

/** Broken into lines at spaces, and inside words that are too long; never empty. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (let word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`
    if (widthOf(joined) <= columns) {
      line = joined
      continue
    }
    if (line !== '') lines.push(line)
    while (widthOf(word) > columns) {
      const part = startOf(word, columns)
      if (part === '') return [...lines, '']
      lines.push(part)
      word = word.slice(part.length)
    }
    line = word
  }
  return [...lines, line]
}
