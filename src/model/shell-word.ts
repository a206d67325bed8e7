/** A word a shell takes as it is; what cannot be drawn is spelled in $'…', as bash and zsh know it. Pure. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  if (isDrawable(word)) return `'${word.replaceAll("'", "'\\''")}'`
  const bytes = Array.from(new TextEncoder().encode(word), (byte) => {
    const char = String.fromCharCode(byte)
    return /[\w @%+=:,./-]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, '0')}`
  })
  return `$'${bytes.join('')}'`
}

/** Nothing moves the cursor, hides, turns the text around or is measured differently by different terminals. */
function isDrawable(text: string): boolean {
  return /^[\p{L}\p{N}\p{P}\p{S}\p{M} ]*$/u.test(text) && !/\p{Variation_Selector}/u.test(text)
}
