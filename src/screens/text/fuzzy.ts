/**
 * How well `wanted` is found in `text`: its letters in order, whole words and beginnings of words first. Null where it
 * is not found at all; larger is better. Both in lower case.
 */
export function fuzzyScore(text: string, wanted: string): number | null {
  if (wanted === '') return 0
  const found = text.indexOf(wanted)
  if (found >= 0) return 1000 - found - (text.length - wanted.length) + (startsWord(text, found) ? 500 : 0)
  let score = 0
  let at = 0
  for (const letter of wanted) {
    const next = text.indexOf(letter, at)
    if (next < 0) return null
    score += next === at ? 5 : startsWord(text, next) ? 4 : 0
    at = next + 1
  }
  return score - text.length
}

function startsWord(text: string, at: number): boolean {
  return at === 0 || /[\s\-/]/.test(text[at - 1]!)
}
