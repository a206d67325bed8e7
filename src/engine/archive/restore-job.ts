import { createHash } from 'node:crypto'
import { BackupError } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { letGo } from '../platform/let-go.ts'
import type { User } from '../restore/attributes.ts'
import { EntryContent } from '../restore/entry-content.ts'
import type { HolderAccess } from '../restore/holder-access.ts'
import { OpenDirectories, type OpenPlace } from '../restore/open-directories.ts'
import { SharedWatch } from '../restore/shared-watch.ts'
import { decodeStep, type RestorableEntry } from '../restore/step-line.ts'
import { type StepResult, StepWriter } from '../restore/step-writer.ts'

/** What a worker does for a restore: writes the files, links and special files of some steps, or compares files. */
export type RestoreJob = { readonly kind: 'restore'; readonly run: string; readonly places: readonly OpenPlace[] } & (
  | WriteTask
  | CompareTask
  | CheckTask
  | { readonly task: 'close' }
)

interface WriteTask {
  readonly task: 'write'
  /** By archive of the restore: those that hold its data. */
  readonly archives: readonly (readonly HolderAccess[])[]
  /** Steps as lines, in order, each ended by a line feed. */
  readonly lines: Uint8Array
  readonly user: User
  readonly temporaryPrefix: string
  /** Looks also where nothing can stand: the target does not tell upper and lower case apart. */
  readonly alwaysLook: boolean
  /** Of a `SharedWatch`. */
  readonly watch: SharedArrayBuffer
}

/** Reads the content of files and compares it with their hashes; writes nothing. */
interface CheckTask {
  readonly task: 'check'
  readonly archives: WriteTask['archives']
  readonly lines: Uint8Array
}

/** Files that fail, by their place in the job. */
export type CheckResult = readonly { readonly at: number; readonly what: string }[]

interface CompareTask {
  readonly task: 'compare'
  readonly files: readonly { readonly path: BytePath; readonly sizeBytes: number; readonly sha256: string }[]
  /** Of a `SharedWatch`. */
  readonly watch: SharedArrayBuffer
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

  perform(job: RestoreJob): StepResult | CheckResult | boolean[] | null {
    if (job.run !== this.#run || job.task === 'close') this.#close()
    this.#run = job.run
    switch (job.task) {
      case 'close':
        return null
      case 'compare':
        return this.#compare(job)
      case 'check':
        return this.#check(job)
      case 'write':
        return this.#write(job)
    }
  }

  #write(job: RestoreJob & WriteTask): StepResult {
    const writer = new StepWriter({
      files: this.#files,
      user: job.user,
      temporaryPrefix: job.temporaryPrefix,
      alwaysLook: job.alwaysLook,
      watch: new SharedWatch(job.watch),
      directories: this.#directoriesOf(job.places),
      content: (archive) => this.#contentOf(archive, job.archives),
    })
    for (const line of linesOf(job.lines)) writer.apply(decodeStep(line))
    return writer.result()
  }

  #check(job: RestoreJob & CheckTask): CheckResult {
    const wrong: { at: number; what: string }[] = []
    for (const [at, line] of linesOf(job.lines).entries()) {
      const step = decodeStep(line)
      const entry = step.entry as RestorableEntry // every line has one
      try {
        this.#contentOf(step.archive, job.archives).check(step, entry)
      } catch (error) {
        if (!(error instanceof BackupError)) throw error
        wrong.push({ at, what: error.message })
      }
    }
    return wrong
  }

  #compare(job: RestoreJob & CompareTask): boolean[] {
    const watch = new SharedWatch(job.watch)
    return job.files.map((file) => {
      watch.check()
      return this.#hasContent(job.places, file, watch)
    })
  }

  #hasContent(places: readonly OpenPlace[], file: CompareTask['files'][number], watch: SharedWatch): boolean {
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
        watch.check()
      }
      return seen === file.sizeBytes && digest.digest('hex') === file.sha256
    } catch (error) {
      if (error instanceof BackupError) throw error
      return false
    } finally {
      letGo(files, fd)
    }
  }

  #directoriesOf(places: readonly OpenPlace[]): OpenDirectories {
    this.#directories ??= new OpenDirectories(this.#files, places)
    return this.#directories
  }

  #contentOf(archive: number, archives: WriteTask['archives']): EntryContent {
    const known = this.#contents.get(archive)
    if (known !== undefined) return known
    const accesses = archives[archive]
    if (accesses === undefined) throw new TypeError(`a step names archive ${archive}, which the plan has not`)
    const content = new EntryContent(this.#files, new Map(accesses))
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

function linesOf(bytes: Uint8Array): string[] {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8').split('\n')
  lines.pop()
  return lines
}

const readBuffer = Buffer.allocUnsafeSlow(1 << 20)
