import { type BytePath, displayPath, nameOf } from '../../model/path.ts'

/**
 * What a person types to find a file by its name: words that must all match, in any case. A word is looked for anywhere
 * in the name, one with a slash anywhere in the path. With * or ? in it, it must be all of the name, or whole names of
 * the path, one after another.
 */
export type NameMatcher = (path: BytePath) => boolean

/** Null where nothing was typed. */
export function nameMatcher(text: string): NameMatcher | null {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return null
  const inName = words.filter((word) => !word.includes('/')).map(testOf)
  const inPath = words
    .filter((word) => word.includes('/'))
    .map((word) => (isPattern(word) ? namesTest(word) : testOf(word)))
  return (path) => {
    const passes = (shown: string, tests: readonly ((text: string) => boolean)[]): boolean =>
      tests.length === 0 || tests.every((test) => test(shown))
    return (
      passes(inName.length === 0 ? '' : displayPath(nameOf(path)).toLowerCase(), inName) &&
      passes(inPath.length === 0 ? '' : `/${displayPath(path).toLowerCase()}`, inPath)
    )
  }
}

function isPattern(word: string): boolean {
  return /[*?]/.test(word)
}

/** Of a path with a slash before it. A slash at the beginning is that one; one at the end wants something below. */
function namesTest(word: string): (text: string) => boolean {
  const names = word.startsWith('/') ? word : `*/${word}`
  const below = `${names}${names.endsWith('/') ? '' : '/'}*`
  return (text) => matches(text, below) || matches(text, names)
}

function testOf(word: string): (text: string) => boolean {
  return isPattern(word) ? (text) => matches(text, word) : (text) => text.includes(word)
}

/**
 * Whether all of a text is what a pattern with * and ? describes. Only the last star is ever taken back, so that no
 * pattern takes longer than its length times that of the text.
 */
function matches(text: string, pattern: string): boolean {
  let [at, inPattern] = [0, 0]
  let star = -1
  let atStar = 0
  while (at < text.length) {
    const wanted = pattern[inPattern]
    if (wanted === '*') {
      star = inPattern++
      atStar = at
    } else if (wanted === '?' || wanted === text[at]) {
      at++
      inPattern++
    } else if (star >= 0) {
      inPattern = star + 1
      at = ++atStar
    } else return false
  }
  while (pattern[inPattern] === '*') inPattern++
  return inPattern === pattern.length
}
