import { type ReactNode, useEffect, useState } from 'react'
import type { Browser, Child, Preview } from '../../model/browse.ts'
import { useConsole, useIsActive } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import { exactly, troubleLines } from '../text/boxes.ts'
import { isContent, isDirectory, metadataLine } from '../text/entry-words.ts'
import { fitLine, type Line, lineOf } from '../text/line.ts'
import { previewBytes, previewLines, proofText } from '../text/preview-lines.ts'
import { Lines } from './lines.tsx'

/** What was read of an entry; null while nothing was. */
type Read =
  | { readonly kind: 'file'; readonly preview: Preview }
  | { readonly kind: 'directory'; readonly below: number | null }
  | { readonly kind: 'trouble'; readonly trouble: Trouble }

/** While the cursor runs, nothing is read and little is drawn. */
const restMs = 120

export interface PreviewPaneProps {
  readonly browser: Browser
  readonly service: string
  /** Under the cursor; null where there is nothing. */
  readonly child: Pick<Child, 'path' | 'entry'> | null
  readonly columns: number
  readonly rows: number
}

/** What an entry is and how it begins, in exactly `rows` rows. */
export function PreviewPane({ browser, service, child, columns, rows }: PreviewPaneProps): ReactNode {
  const { glyphs } = useConsole()
  const read = usePreview(browser, service, child)
  const proof = read?.kind === 'file' ? proofText(read.preview.proof, read.preview.bytes.length) : ''
  const lines: Line[] = [ruleLine(lineOf('Preview'), proof, columns, glyphs)]
  if (child !== null) {
    lines.push(metadataLine(child.entry, read?.kind === 'directory' ? read.below : null, glyphs))
    if (read?.kind === 'file') lines.push(...previewLines(read.preview, columns, rows - lines.length))
    if (read?.kind === 'trouble') lines.push(...troubleLines(read.trouble, '', columns, glyphs))
  }
  return <Lines lines={exactly(lines, rows).map((line) => fitLine(line, columns, glyphs.cut))} />
}

/** How many rows a preview takes on a screen so high. */
export function previewRows(rows: number): number {
  if (rows < 18) return 5
  return Math.min(18, Math.max(6, Math.floor(rows * 0.32)))
}

function usePreview(browser: Browser, service: string, child: PreviewPaneProps['child']): Read | null {
  const isActive = useIsActive()
  const [shown, show] = useState<{ readonly of: PreviewPaneProps['child']; readonly read: Read } | null>(null)
  const isWanted = child !== null && (isContent(child.entry) || isDirectory(child))
  useEffect(() => {
    if (!isActive || child === null || !isWanted) return
    let isOver = false
    const timer = setTimeout(() => {
      const place = { service, path: child.path }
      const reading: Promise<Read> = isContent(child.entry)
        ? browser.preview(place, previewBytes).then((preview) => ({ kind: 'file', preview }))
        : browser.countBelow(place).then((below) => ({ kind: 'directory', below }))
      reading
        .catch((error: unknown): Read => ({ kind: 'trouble', trouble: troubleOf(error, 'reading it') }))
        .then((read) => {
          if (!isOver) show({ of: child, read })
        })
    }, restMs)
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [browser, service, child, isActive, isWanted])
  return shown !== null && shown.of === child ? shown.read : null
}
