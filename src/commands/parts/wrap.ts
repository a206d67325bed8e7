const usualWidth = 80

/** `lead`, then the text beside it, its further lines indented as far. */
export function hanging(lead: string, text: string, width = usualWidth): string {
  return lead + wrapped(text, lead.length, width).trimStart()
}

/** Lines of whole words, none wider than `width` unless a word is. */
export function wrapped(text: string, indent: number, width = usualWidth): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((one) => ' '.repeat(indent) + one).join('\n')
}
