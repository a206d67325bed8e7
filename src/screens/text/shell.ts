import type { Facts } from '../../model/console.ts'
import { plainText } from './plain.ts'

/** The same deed on the command line, for the runbook. Pure. */

/** As it can be pasted into a shell: `holdfast pin 2026-11-20T02-00-00Z-full-7f3k`. */
export function commandText(facts: Pick<Facts, 'options'>, words: readonly string[]): string {
  return ['holdfast', ...words, ...facts.options].map(shellWord).join(' ')
}

/** A word a shell takes as it is; what cannot be drawn is spelled in $'…', as bash and zsh know it. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  const visible = word.replaceAll('\\', '')
  if (plainText(visible) === visible) return `'${word.replaceAll("'", "'\\''")}'`
  const bytes = Array.from(new TextEncoder().encode(word), (byte) => {
    const char = String.fromCharCode(byte)
    return /[\w @%+=:,./-]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, '0')}`
  })
  return `$'${bytes.join('')}'`
}
