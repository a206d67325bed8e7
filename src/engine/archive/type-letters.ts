import type { EntryType } from '../../model/source.ts'

/** One letter for each type of entry, as the table of contents has them. */
export const typeLetters: Record<EntryType, string> = {
  file: 'f',
  directory: 'd',
  symlink: 'l',
  hardlink: 'h',
  'char-device': 'c',
  'block-device': 'b',
  fifo: 'p',
}

/** The inverse. */
export const typeOfLetter: ReadonlyMap<string, EntryType> = new Map(
  Object.entries(typeLetters).map(([type, letter]) => [letter, type as EntryType]), // the keys of a typed table
)
