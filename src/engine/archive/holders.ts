import type { TocEntry } from '../../model/toc.ts'

/** Ordinals of the archives that hold an entry's content; 0 is the one that stores its line. */
export function holdersOf({ content }: Pick<TocEntry, 'content'>): number[] {
  switch (content.kind) {
    case 'none':
      return []
    case 'extent':
      return [content.holder]
    case 'chunks':
      return content.chunks.map(({ holder }) => holder)
  }
}
