import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, parentOf, pathFromText, printable } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { formatBytes } from '../model/units.ts'
import type { CommandSpec, Context, Disk } from './parts/command-spec.ts'
import { usage } from './parts/given.ts'
import { interrupted, ReaderGone } from './parts/output.ts'

export const exportBackup: CommandSpec = {
  words: 'export',
  about: 'Writes a backup as one tar of its directory, with the recovery scripts: readable on a bare machine.',
  operands: [
    { name: 'ID|latest', required: true },
    { name: 'FILE|-', required: true },
  ],
  options: [],
  examples: [
    ['holdfast export latest /media/usb/backup.tar', 'into a new file'],
    ['holdfast export latest - | ssh vault "cat > backup.tar"', 'to another machine'],
  ],
  exits: [0, 1, 2, 4, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const [backup, file] = given.operands
    if (file === '-') {
      await toStdout(backup!, context)
      return 0
    }
    const { id, bytes } = await toFile(backup!, file!, context)
    out.result('export', { export: { id, file, bytes } })
    out.outcome(file!, [`exported ${id}`, `file: ${printable(file!)}, ${formatBytes(bytes)}`])
    return 0
  },
}

async function toStdout(backup: string, { out, engine, signal }: Context): Promise<void> {
  if (out.json) throw usage('export to stdout writes a tar, where --json has no place', 'name a FILE')
  if (out.stdoutIsTerminal) throw usage('a tar is not for a terminal', 'name a FILE, or send it on through a pipe')
  try {
    await (await engine()).exportBackup({ backup }, async (bytes) => {
      if (signal.aborted) throw interrupted()
      await out.bulk(bytes)
    })
  } catch (error) {
    // Elsewhere a reader may leave when it has seen enough; of a tar it wants all.
    if (error instanceof ReaderGone)
      throw new BackupError(
        'E_IO',
        'the reader of stdout left before the export was complete',
        'what it has is not whole',
      )
    throw error
  }
}

/** Beside the name first, so that FILE is whole where it exists at all. */
async function toFile(backup: string, file: string, context: Context): Promise<{ id: string; bytes: number }> {
  const target = pathFromText(file)
  const part = `${target}.part` as BytePath
  const disk = await context.disk()
  const { files } = disk
  refuseExisting(disk, target)
  refuseExisting(disk, part)
  const engine = await context.engine()
  const fd = explained(disk, 'make', part, () => files.open(part, 'create'))
  let open = true
  try {
    const result = await engine.exportBackup({ backup }, async (bytes) => {
      if (context.signal.aborted) throw interrupted()
      explained(disk, 'write', part, () => files.write(fd, bytes, null))
    })
    await files.sync(fd).catch((error: unknown) => {
      throw disk.explain(error, 'write', part)
    })
    files.close(fd)
    open = false
    refuseExisting(disk, target)
    explained(disk, 'make', target, () => files.rename(part, target))
    await syncParent(files, target)
    return result
  } catch (error) {
    if (open) files.close(fd)
    if (files.status(part) !== undefined) files.removeFile(part)
    throw error
  }
}

function refuseExisting(disk: Disk, path: BytePath): void {
  if (explained(disk, 'look at', path, () => disk.files.status(path)) !== undefined)
    throw new BackupError('E_TARGET', `${displayPath(path)} exists already`, 'choose another name, or remove it first')
}

async function syncParent(files: Files, path: BytePath): Promise<void> {
  const parent = parentOf(path) || (path.startsWith('/') ? '/' : '.')
  const directory = files.open(parent as BytePath, 'directory-following')
  try {
    await files.sync(directory)
  } finally {
    files.close(directory)
  }
}

function explained<Result>(disk: Disk, doing: string, path: BytePath, call: () => Result): Result {
  try {
    return call()
  } catch (error) {
    throw disk.explain(error, doing, path)
  }
}
