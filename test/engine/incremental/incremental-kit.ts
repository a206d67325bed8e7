import { mkdtempSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { chunkerRule } from '../../../src/engine/archive/chunker-rule.ts'
import { alone, type Dependency, type Lineage } from '../../../src/engine/archive/lineage.ts'
import type { Older } from '../../../src/engine/archive/pack-options.ts'
import { packSource } from '../../../src/engine/archive/pack-source.ts'
import { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { ArchiveSink } from '../../../src/engine/archive/sink.ts'
import type { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import { type ArchiveIdentity, ArchiveWriter, type WrittenStream } from '../../../src/engine/archive/writer.ts'
import { ChangeDetection } from '../../../src/engine/incremental/change-detection.ts'
import { OlderContents } from '../../../src/engine/incremental/older-contents.ts'
import { noKeys } from '../../../src/engine/keys/slots.ts'
import type { ChangeRules } from '../../../src/engine/plan/change.ts'
import { readAccountNames } from '../../../src/engine/platform/account-names.ts'
import { fixedBlockDefaults } from '../../../src/model/fixed-blocks.ts'
import { pathFromText } from '../../../src/model/path.ts'
import type { Source } from '../../../src/model/source.ts'
import { archiveId, files, levelOf } from '../archive/archive-kit.ts'

/** Archives that build on one another, written by the real parts. */

export const names = readAccountNames(files)

/** Long after the times of made-up entries. */
export const calm: ChangeRules = { racyNs: 1_800_000_000_000_000_000n, paranoid: false }

export interface Step {
  readonly written: WrittenStream
  readonly lineage: Lineage
  readonly bytes: number
}

export interface StepOptions {
  readonly directory: string
  readonly ordinal: number
  readonly dependencies?: readonly Dependency[]
}

/** An archive of what `fill` gives to the writer, opened. Whoever asks closes the lineage. */
export async function write(options: StepOptions, fill: (writer: ArchiveWriter) => Promise<void>): Promise<Step> {
  const { directory, ordinal, dependencies = [] } = options
  const path = pathFromText(join(mkdtempSync(join(directory, 'archive-')), 'files.tar.zst'))
  const sink = new ArchiveSink(files, path, new Uint8Array(0), null)
  const kind = ordinal === 1 ? 'full' : 'incr'
  const about = { source: { paths: [] }, service: { name: 'files', type: 'files' }, previous: null }
  const identity: ArchiveIdentity = { id: archiveId, ordinal, kind, dependencies, ...about }
  const writer = new ArchiveWriter(files, sink, identity, levelOf('zstd'), pathFromText(`${path}.spool`))
  try {
    await fill(writer)
    const written = writer.finish(0)
    await sink.finish()
    const place = { path, id: archiveId, compression: 'zstd', encrypted: false, root: written.root } as const
    const lineage = alone(new ArchiveReader(files, place, noKeys))
    return { written, lineage, bytes: statSync(path).size }
  } finally {
    writer.close()
    sink.close()
  }
}

/** A source packed, on top of an older archive where there is one. */
export function pack(source: Source, older: Lineage | null, pool: WorkerPool, directory: string): Promise<Step> {
  const ordinal = older === null ? 1 : older.ordinal + 1
  const dependencies = older === null ? [] : [dependencyOf(older), ...older.dependencies]
  return write({ directory, ordinal, dependencies }, (writer) =>
    packSource(
      source,
      writer,
      { signal: new AbortController().signal, warn: refuse, skip: () => {} },
      {
        ...{ files, pool, names, compression: levelOf('zstd'), withXattrs: false },
        older: older === null ? null : olderOf(older),
        chunkerOf: chunkerRule(fixedBlockDefaults),
        onProgress: () => {},
      },
    ),
  )
}

export function dependencyOf(lineage: Lineage): Dependency {
  const { root, rootSha256, access } = lineage.top
  return {
    i: root.ord,
    id: root.id,
    file: `backup-${root.ord}/files.tar.zst`,
    size: access.fileBytes,
    root: rootSha256,
  }
}

function olderOf(lineage: Lineage): Older {
  const changes = new ChangeDetection(lineage, names, calm, null, refuse)
  return { lineage, changes, contents: new OlderContents(lineage, null) }
}

function refuse(trouble: unknown): void {
  throw new Error(`there is trouble: ${JSON.stringify(trouble)}`)
}
