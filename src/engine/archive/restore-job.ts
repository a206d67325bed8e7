import { createHash } from 'node:crypto'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { User } from '../restore/attributes.ts'
import { EntryContent } from '../restore/entry-content.ts'
import { OpenDirectories, type OpenPlace } from '../restore/open-directories.ts'
import { decodeStep } from '../restore/step-line.ts'
import { type StepResult, StepWriter } from '../restore/step-writer.ts'
import type { StreamAccess } from './stream-reader.ts'

/** What a worker does for a restore: writes the files, links and special files of some steps, or compares files. */
export type RestoreJob = { readonly kind: 'restore'; readonly run: string; readonly places: readonly OpenPlace[] } & (
  | WriteTask
  | CompareTask
  | { readonly task: 'close' }
)

interface WriteTask {
  readonly task: 'write'
  readonly archives: readonly StreamAccess[]
  /** Steps as lines, in order, each ended by a line feed. */
  readonly lines: Uint8Array
  readonly user: User
  /** Looks also where nothing can stand: the target does not tell upper and lower case apart. */
  readonly alwaysLook: boolean
}

interface CompareTask {
  readonly task: 'compare'
  readonly files: readonly { readonly path: BytePath; readonly sizeBytes: number; readonly sha256: string }[]
}

/** Keeps archives and directories open from job to job of one restore. */
export class RestoreWorker {
  readonly #files: Files
  #run = ''
  #directories: OpenDirectories | null = null
  readonly #contents = new Map<number, EntryContent>()

  constructor(files: Files) {
    this.#files = files
  }

  perform(job: RestoreJob): StepResult | boolean[] | null {
    if (job.run !== this.#run || job.task === 'close') this.#close()
    this.#run = job.run
    switch (job.task) {
      case 'close':
        return null
      case 'compare':
        return job.files.map((file) => this.#hasContent(job.places, file))
      case 'write':
        return this.#write(job)
    }
  }

  #write(job: RestoreJob & WriteTask): StepResult {
    const writer = new StepWriter({
      files: this.#files,
      user: job.user,
      alwaysLook: job.alwaysLook,
      directories: this.#directoriesOf(job.places),
      content: (archive) => this.#contentOf(archive, job.archives),
    })
    const lines = Buffer.from(job.lines.buffer, job.lines.byteOffset, job.lines.length).toString('utf8').split('\n')
    lines.pop()
    for (const line of lines) writer.apply(decodeStep(line))
    return writer.result()
  }

  #hasContent(places: readonly OpenPlace[], file: CompareTask['files'][number]): boolean {
    const files = this.#files
    let fd: number
    try {
      fd = files.open(this.#directoriesOf(places).child(file.path), 'read')
    } catch {
      return false // unreadable or gone: then it is not known to be the same
    }
    try {
      if (files.statusOf(fd).type !== 'file') return false
      const digest = createHash('sha256')
      let seen = 0
      for (let got = 1; got > 0; seen += got) {
        got = files.read(fd, readBuffer, 0, readBuffer.length, null)
        digest.update(readBuffer.subarray(0, got))
      }
      return seen === file.sizeBytes && digest.digest('hex') === file.sha256
    } catch {
      return false
    } finally {
      files.close(fd)
    }
  }

  #directoriesOf(places: readonly OpenPlace[]): OpenDirectories {
    this.#directories ??= new OpenDirectories(this.#files, places)
    return this.#directories
  }

  #contentOf(archive: number, archives: readonly StreamAccess[]): EntryContent {
    const known = this.#contents.get(archive)
    if (known !== undefined) return known
    const access = archives[archive]
    if (access === undefined) throw new TypeError(`a step names archive ${archive}, which the plan has not`)
    const content = new EntryContent(this.#files, access)
    this.#contents.set(archive, content)
    return content
  }

  #close(): void {
    this.#directories?.close()
    this.#directories = null
    for (const content of this.#contents.values()) content.close()
    this.#contents.clear()
  }
}

const readBuffer = Buffer.allocUnsafeSlow(1 << 20)
