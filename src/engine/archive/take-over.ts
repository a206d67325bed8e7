import type { KeptLines, KeptPage } from '../plan/pieces.ts'
import type { Lineage } from './lineage.ts'
import { withHolderInLine } from './toc-line.ts'
import { type PageReference, pageRule } from './toc-pages.ts'
import type { ArchiveWriter } from './writer.ts'

/** Writes what an older archive says of entries that did not change: a whole page by reference, or its lines. */
export function takeOver(writer: ArchiveWriter, lineage: Lineage, piece: KeptPage | KeptLines): void {
  if (piece.kind === 'page') takePage(writer, lineage, piece)
  else takeLines(writer, lineage, piece)
}

function takePage(writer: ArchiveWriter, lineage: Lineage, piece: KeptPage): void {
  const { page, ordinal, holders, files, bytes } = piece
  const reference = lineage.top.root.toc.pages[page] as PageReference // the number comes from there
  const { openLines } = writer.toc
  if (openLines === 0 || openLines >= pageRule.leastEntries) {
    writer.toc.reuse({ reference, ordinal, files, bytes, holders })
    return
  }
  // Ended here, the page begun would stay too small for ever.
  for (const line of lineage.pageLines(reference).lines) writer.entry(lineage.entryOf(line, ordinal))
}

function takeLines(writer: ArchiveWriter, lineage: Lineage, { ordinal, lines }: KeptLines): void {
  for (const { path, line, contentBytes } of lines) {
    const written = withHolderInLine(line, ordinal)
    if (written === null) writer.entry(lineage.entryOf(line, ordinal))
    else writer.toc.kept(path, written, contentBytes)
  }
}
