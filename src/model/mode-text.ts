import type { TocEntry } from './toc.ts'

const typeLetters: Record<TocEntry['type'], string> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  hardlink: '-',
  fifo: 'p',
  'char-device': 'c',
  'block-device': 'b',
  unknown: '?',
}

/** Type and permissions as `ls -l` spells them: `-rw-r--r--`, `drwxr-sr-t`. */
export function modeText({ type, mode }: Pick<TocEntry, 'type' | 'mode'>): string {
  const bits = (shift: number, special: number, letter: string): string => {
    const [r, w, x] = [4, 2, 1].map((bit) => (mode >> shift) & bit)
    const run = mode & special ? (x ? letter : letter.toUpperCase()) : x ? 'x' : '-'
    return `${r ? 'r' : '-'}${w ? 'w' : '-'}${run}`
  }
  return typeLetters[type] + bits(6, 0o4000, 's') + bits(3, 0o2000, 's') + bits(0, 0o1000, 't')
}
