import { randomBytes } from 'node:crypto'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, nameOf, parentOf } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { RefuseReason } from '../../model/restore.ts'
import { aclAttributes } from '../archive/acl.ts'
import { sameStateMeanwhile } from '../plan/restore-plan.ts'
import { explainIo } from '../platform/explain-io.ts'
import { letGo } from '../platform/let-go.ts'
import { AttributeSetter, type Loss, type User } from './attributes.ts'
import { ContentWriter } from './content-writer.ts'
import type { EntryContent } from './entry-content.ts'
import { codeOf } from './look.ts'
import type { OpenDirectories } from './open-directories.ts'
import type { SharedWatch } from './shared-watch.ts'
import type { RestorableEntry, SpooledStep } from './step-line.ts'

/** A path that was not restored, and why. */
export interface Problem {
  readonly path: BytePath
  /** The name that is now not what the plan promised: the path, or what would have been written beside it. */
  readonly place: BytePath
  readonly kind: 'damaged' | 'failed' | 'refused'
  readonly what: string
  /** For what was refused. */
  readonly because: RefuseReason | null
}

export interface StepResult {
  /** Names made or replaced, and names that only got other attributes. */
  readonly written: number
  readonly attributes: number
  readonly bytes: number
  readonly problems: readonly Problem[]
  readonly losses: readonly (readonly [Loss, number, BytePath])[]
}

export interface StepWriterOptions {
  readonly files: Files
  readonly user: User
  /** Of this restore; every writer adds something of its own. */
  readonly temporaryPrefix: string
  readonly alwaysLook: boolean
  readonly directories: OpenDirectories
  readonly watch: SharedWatch
  content(archive: number): EntryContent
}

/** Nothing that follows would fare better. */
const endsTheRestore = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE'])
/** The target is not what it was when the plan was made. */
const changedSince = new Set(['ELOOP', 'ENOTDIR', 'ENOENT', 'EEXIST', 'EISDIR', 'ENOTEMPTY'])
const cannotLink = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** What a new file gets from the directory it is made in. */
interface Inheritance {
  readonly bornGid: number | null
  readonly acl: boolean
}

/**
 * Carries out steps, one name at a time. A file is complete and has its attributes under a short name of its own
 * before it is renamed to its place; whatever fails leaves nothing behind.
 */
export class StepWriter {
  readonly #options: StepWriterOptions
  readonly #files: Files
  readonly #attributes: AttributeSetter
  readonly #temporaryPrefix: string
  readonly #inherited = new Map<BytePath, Inheritance>()
  readonly #problems: Problem[] = []
  readonly #losses = new Map<Loss, [number, BytePath]>()
  #temporaries = 0
  #written = 0
  #attributesSet = 0
  #bytes = 0

  constructor(options: StepWriterOptions) {
    this.#options = options
    this.#files = options.files
    this.#temporaryPrefix = `${options.temporaryPrefix}${randomBytes(3).toString('hex')}`
    this.#attributes = new AttributeSetter(options.files, options.user, (loss, path) => this.#lose(loss, path))
  }

  result(): StepResult {
    return {
      written: this.#written,
      attributes: this.#attributesSet,
      bytes: this.#bytes,
      problems: this.#problems,
      losses: [...this.#losses].map(([loss, [count, path]]) => [loss, count, path]),
    }
  }

  /** @throws E_NO_SPACE, E_IO where going on is useless, E_ARCHIVE_MISSING, E_INTERRUPTED. */
  apply(step: SpooledStep): void {
    this.#options.watch.check()
    const { entry } = step
    if (entry === null) throw new BackupError('E_INTERNAL', `a step '${step.kind}' has no entry`)
    const content = this.#options.content(step.archive)
    try {
      this.#apply(step, entry, content)
      if (step.kind === 'set-attributes') this.#attributesSet++
      else this.#written++
    } catch (error) {
      this.#problems.push(this.#problem(error, step))
    }
  }

  #apply(step: SpooledStep, entry: RestorableEntry, content: EntryContent): void {
    const path = step.as ?? step.path
    if (step.kind === 'set-attributes') this.#setAttributes(step, entry, path)
    else if (step.kind === 'make-hardlink') this.#makeHardlink(step, entry, path, content)
    else if (entry.type === 'symlink') this.#makeSymlink(step, entry, path)
    else if (entry.type === 'file' || entry.type === 'hardlink') this.#writeFile(step, entry, path, content)
    else this.#makeSpecial(step, entry, path)
  }

  #writeFile(step: SpooledStep, entry: RestorableEntry, path: BytePath, content: EntryContent): void {
    const files = this.#files
    const directory = this.#options.directories.open(parentOf(path))
    const place = files.childOf(directory, nameOf(path))
    this.#mustBeAsPlanned(step, place)
    const bytes = content.whole(step, entry)
    const temporary = this.#temporary(directory)
    const { bornGid, acl } = this.#inheritance(parentOf(path), directory)
    const fd = files.open(temporary, 'create')
    let open = true
    try {
      if (bytes !== null) {
        if (bytes.length > 0) files.write(fd, bytes, null)
        this.#countWritten(bytes.length)
      } else {
        const writer = new ContentWriter(files, fd, entry, this.#options.watch)
        for (const piece of content.pieces(step, entry)) {
          writer.accept(piece)
          this.#countWritten(piece.length)
        }
        writer.finish()
      }
      this.#attributes.onNewFile(fd, temporary, entry, bornGid, acl)
      open = false
      files.close(fd)
      files.rename(temporary, place)
    } catch (error) {
      if (open) letGo(files, fd)
      this.#removeIfThere(temporary)
      throw error
    }
  }

  #countWritten(bytes: number): void {
    this.#bytes += bytes
    this.#options.watch.advance(bytes)
  }

  #makeSymlink(step: SpooledStep, entry: RestorableEntry, path: BytePath): void {
    const place = this.#options.directories.child(path)
    const target = entry.linkTarget as BytePath // the planner refuses symlinks without one
    // Where nothing stands the kernel itself refuses to replace what came meanwhile.
    if (step.replaces === null) {
      this.#files.makeSymlink(target, place)
      this.#attributes.onNewSymlink(place, entry)
      return
    }
    this.#replace(step, path, (temporary) => {
      this.#files.makeSymlink(target, temporary)
      this.#attributes.onNewSymlink(temporary, entry)
    })
  }

  #makeSpecial(step: SpooledStep, entry: RestorableEntry, path: BytePath): void {
    const { type } = entry
    if (type !== 'fifo' && type !== 'char-device' && type !== 'block-device')
      throw new BackupError('E_INTERNAL', `a ${type} is no special file`)
    this.#replace(step, path, (temporary) => {
      this.#files.makeSpecial(temporary, type, 0o600, entry.deviceNumber ?? noDevice)
      this.#attributes.onPath(temporary, entry, this.#files.status(temporary) as FileStatus) // just made
    })
  }

  #makeHardlink(step: SpooledStep, entry: RestorableEntry, path: BytePath, content: EntryContent): void {
    const { directories } = this.#options
    const to = step.to as BytePath // every such step has one
    try {
      if (step.replaces === null) this.#files.makeHardlink(directories.child(to), directories.child(path))
      else {
        this.#replace(step, path, (temporary) => this.#files.makeHardlink(directories.child(to), temporary))
      }
    } catch (error) {
      if (!cannotLink.has(codeOf(error) ?? '')) throw error
      this.#lose('hard-links', path)
      this.#writeFile(step, entry, path, content)
    }
  }

  #setAttributes(step: SpooledStep, entry: RestorableEntry, path: BytePath): void {
    const place = this.#options.directories.child(path)
    this.#attributes.onPath(place, entry, this.#mustBeAsPlanned(step, place, true) as FileStatus) // a step of its own kind replaces something
  }

  /** Makes something under a temporary name and renames it to its place. */
  #replace(step: SpooledStep, path: BytePath, make: (temporary: BytePath) => void): void {
    const files = this.#files
    const directory = this.#options.directories.open(parentOf(path))
    const temporary = this.#temporary(directory)
    this.#mustBeAsPlanned(step, files.childOf(directory, nameOf(path)))
    try {
      make(temporary)
      // What `make` opened may have closed the descriptor: both names are asked for again.
      const now = this.#options.directories.open(parentOf(path))
      files.rename(files.childOf(now, nameOf(temporary)), files.childOf(now, nameOf(path)))
    } finally {
      // Also after success: a rename between two names of one file does nothing.
      this.#removeIfThere(files.childOf(this.#options.directories.open(parentOf(path)), nameOf(temporary)))
    }
  }

  #mustBeAsPlanned(step: SpooledStep, place: BytePath, always = false): FileStatus | undefined {
    if (step.fresh && !this.#options.alwaysLook && !always) return undefined
    const status = this.#files.status(place)
    if (!sameStateMeanwhile(step.replaces, status ?? null)) throw changed()
    return status
  }

  #temporary(directory: number): BytePath {
    const name = `${this.#temporaryPrefix}${(this.#temporaries++).toString(36)}` as BytePath
    return this.#files.childOf(directory, name)
  }

  #inheritance(path: BytePath, directory: number): Inheritance {
    const known = this.#inherited.get(path)
    if (known !== undefined) return known
    const { gid, mode } = this.#files.statusOf(directory)
    const own = this.#options.user.gid
    // A file is born with the process's group or, in some directories and mounts, with the directory's.
    const bornGid = gid === own || (mode & 0o2000) !== 0 ? gid : null
    const inherited = { bornGid, acl: this.#hasDefaultAcl(directory) }
    this.#inherited.set(path, inherited)
    return inherited
  }

  #hasDefaultAcl(directory: number): boolean {
    try {
      return this.#files.xattrs(this.#files.childOf(directory, '.' as BytePath)).has(aclAttributes.default)
    } catch {
      return false // no C library, or no attributes there at all
    }
  }

  #lose(loss: Loss, path: BytePath): void {
    const known = this.#losses.get(loss)
    if (known === undefined) this.#losses.set(loss, [1, path])
    else known[0]++
  }

  #removeIfThere(path: BytePath): void {
    try {
      this.#files.removeFile(path)
    } catch {
      // It was never made, or has its own name by now.
    }
  }

  /** @throws what ends the restore. */
  #problem(error: unknown, { path, as }: SpooledStep): Problem {
    const at = { path, place: as ?? path }
    if (error instanceof BackupError) {
      if (error.code !== 'E_DAMAGED') throw error
      return { ...at, kind: 'damaged', what: error.message, because: null }
    }
    const code = codeOf(error) ?? ''
    const explained = explainIo(error, 'restore', path)
    if (endsTheRestore.has(code) || explained.code === 'E_NO_SPACE') throw explained
    if (!changedSince.has(code)) return { ...at, kind: 'failed', what: explained.message, because: null }
    const because = code === 'ELOOP' || code === 'ENOTDIR' ? 'parent-is-symlink' : 'changed-since-the-plan'
    return { ...at, kind: 'refused', what: 'the target has changed since the plan was made', because }
  }
}

const noDevice = { major: 0, minor: 0 } as const

function changed(): NodeJS.ErrnoException {
  return Object.assign(new Error('changed since the plan'), { code: 'EEXIST' })
}
