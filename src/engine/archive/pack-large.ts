import type { BytePath } from '../../model/path.ts'
import type { SourceContext, SourceEntry } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'
import { release } from '../platform/release.ts'
import { attributesOf } from './entry-attributes.ts'
import { leftOutText, noXattrs } from './extended-attributes.ts'
import { inParts } from './in-parts.ts'
import { cutRegions, describe, LargeFile, OpenFile } from './large-file.ts'
import type { PackSourceOptions } from './pack-source.ts'
import type { PartJob, PartResult } from './part-job.ts'
import { changedWhileRead, whyUnreadable } from './source-trouble.ts'
import type { ArchiveWriter } from './writer.ts'

/** What the packing of a source does for its large files. */
export interface Packing {
  /** Hands a job to the workers, once there is room for it; `accept` gets results in the order of the calls. */
  submit<Result>(job: PartJob, transfer: ArrayBuffer[], accept: (result: Result) => void): Promise<void>
  emit(entry: TocEntry, carries: boolean): void
}

const partBytes = 16 << 20

/** Large files become several units of work each: parts, which the workers cut into chunks. */
export class LargeFilePacker {
  readonly #writer: ArchiveWriter
  readonly #context: SourceContext
  readonly #options: PackSourceOptions
  readonly #packing: Packing
  readonly #open = new Set<OpenFile>()

  constructor(writer: ArchiveWriter, context: SourceContext, options: PackSourceOptions, packing: Packing) {
    this.#writer = writer
    this.#context = context
    this.#options = options
    this.#packing = packing
  }

  /** Closes what a failure left open. No job may be under way. */
  close(): void {
    for (const opened of this.#open) this.#closeFile(opened)
  }

  /** A large file is opened once, here, and read by all workers through that descriptor. */
  async file(entry: SourceEntry, path: BytePath): Promise<void> {
    const { files, names, withXattrs } = this.#options
    let opened: OpenFile
    try {
      opened = new OpenFile(files, path, names, withXattrs)
    } catch (error) {
      this.#context.warn({ path: entry.path, what: whyUnreadable(error as NodeJS.ErrnoException) })
      return
    }
    this.#open.add(opened)
    if (opened.before.type !== 'file') {
      this.#context.warn({ path: entry.path, what: `became a ${opened.before.type} while the backup ran; left out` })
      this.#closeFile(opened)
      return
    }
    const { leftOut, ...extended } = opened.extended
    if (leftOut.length > 0) this.#context.warn({ path: entry.path, what: leftOutText(leftOut) })
    const attributes = attributesOf(opened.before, 'file')
    const large = new LargeFile({ ...describe(entry, attributes, names), ...extended, sparse: opened.sparse })
    const parts = cutRegions(opened.sparse ?? [[0, attributes.sizeBytes]], partBytes)
    for (const [at, regions] of parts.entries()) {
      const last = at === parts.length - 1
      await this.#submitPart(large, { kind: 'open-file', fd: opened.fd, regions }, at === 0, last, () => {
        const torn = opened.changed()
        if (torn) this.#context.warn({ path: entry.path, what: changedWhileRead })
        this.#closeFile(opened)
        this.#packing.emit(large.entry(torn), attributes.links > 1)
      })
    }
  }

  async stream(entry: SourceEntry, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { sizeBytes, links } = entry.attributes
    const large = new LargeFile({
      ...describe(entry, entry.attributes, this.#options.names),
      xattrs: noXattrs,
      acl: null,
      sparse: null,
    })
    let sent = 0
    for await (const part of inParts(bytes, sizeBytes, partBytes)) {
      const first = sent === 0
      sent += part.length
      await this.#submitPart(large, { kind: 'given', bytes: part }, first, sent === sizeBytes, () =>
        this.#packing.emit(large.entry(false), links > 1),
      )
    }
  }

  async #submitPart(
    large: LargeFile,
    content: PartJob['content'],
    first: boolean,
    last: boolean,
    finished: () => void,
  ): Promise<void> {
    const job: PartJob = {
      kind: 'part',
      content,
      header: first ? large.tarHeader() : noBytes,
      paddingBytes: last ? large.paddingBytes : 0,
      compression: this.#options.compression,
    }
    const transfer = content.kind === 'given' ? [content.bytes.buffer as ArrayBuffer] : []
    await this.#packing.submit<PartResult>(job, transfer, (result) => {
      large.accept(result, this.#writer.frames(result.frames))
      for (const { bytes } of result.frames) release(bytes)
      release(result.raw)
      if (result.problem !== null) this.#context.warn({ path: large.path, what: result.problem })
      if (last) finished()
    })
  }

  #closeFile(opened: OpenFile): void {
    opened.close()
    this.#open.delete(opened)
  }
}

const noBytes = new Uint8Array(0)
