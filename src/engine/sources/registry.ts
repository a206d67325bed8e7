import type { Files } from '../../model/ports.ts'
import type { Source } from '../../model/source.ts'
import { type FilesSettings, filesSource } from './files.ts'

/** Every kind of source, one line each. */
export const sources = {
  files: filesSource,
} as const satisfies Record<string, (files: Files, settings: FilesSettings) => Source>

export type SourceType = keyof typeof sources
