import { loadFiles } from '../../../src/engine/platform/disk-files.ts'
import type { FilesSettings } from '../../../src/engine/sources/files.ts'
import { type SourceType, sources } from '../../../src/engine/sources/registry.ts'
import type { Source, SourceContext, SourceEntry } from '../../../src/model/source.ts'

/** Stands in for src/engine/walk/threaded-source.ts: the same source, walked in the thread that takes its entries. */
export class ThreadedSource implements Source {
  readonly #source: Promise<Source>

  constructor(filesModule: string | null, type: SourceType, settings: FilesSettings) {
    this.#source = loadFiles(filesModule).then((files) => sources[type](files, settings))
  }

  async *scan(context: SourceContext): AsyncGenerator<readonly SourceEntry[]> {
    yield* (await this.#source).scan(context)
  }

  async close(): Promise<void> {}
}
