import { type BytePath, isWithin } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { sameStateMeanwhile } from '../plan/restore-plan.ts'
import { explainIo } from '../platform/explain-io.ts'
import { codeOf } from './look.ts'
import type { OpenDirectories } from './open-directories.ts'
import type { OutcomeTally } from './outcome.ts'
import type { RestorePlan } from './request.ts'
import { spoolLines } from './spool.ts'
import { decodeStep, isLast, peekStep, type SpooledStep } from './step-line.ts'

const changedSince = new Set(['ELOOP', 'ENOTDIR', 'ENOENT', 'EISDIR', 'ENOTEMPTY', 'EEXIST'])

/**
 * Removes what the plan says is to go: what lies in a directory before the directory, and that only if nothing came
 * into it meanwhile. Each is what it was when it was planned, or stays and is told.
 *
 * @throws E_IO where the target can no longer be written to.
 */
export async function removeExtras(
  files: Files,
  plan: RestorePlan,
  directories: OpenDirectories,
  tally: OutcomeTally,
  stopIfAsked: () => void,
): Promise<void> {
  const above: SpooledStep[] = []
  const leave = (path: BytePath | null): void => {
    for (let last = above.at(-1); last !== undefined; last = above.at(-1)) {
      if (path !== null && isWithin(path, last.path)) return
      above.pop()
      removeOne(files, last, directories, tally)
    }
  }
  for (const batch of spoolLines(files, plan.spoolPath)) {
    for (const line of batch) {
      const { kind, isDirectory } = peekStep(line)
      if (kind !== 'remove' || isLast(line)) continue
      const step = decodeStep(line.toString('utf8'))
      leave(step.path)
      if (isDirectory) above.push(step)
      else removeOne(files, step, directories, tally)
    }
    stopIfAsked()
    await turn()
  }
  leave(null)
}

/** Removes one name as it was planned, or tells why it stays. */
export function removeOne(
  files: Files,
  { path, replaces }: SpooledStep,
  directories: OpenDirectories,
  tally: OutcomeTally,
) {
  try {
    if (replaces?.type === 'directory') directories.forget(path)
    const place = directories.child(path)
    if (replaces === null || !sameStateMeanwhile(replaces, files.status(place) ?? null))
      throw Object.assign(new Error(), { code: 'EEXIST' })
    if (replaces.type === 'directory') files.removeDirectory(place)
    else files.removeFile(place)
    tally.deleted++
  } catch (error) {
    const code = codeOf(error) ?? ''
    const explained = explainIo(error, 'remove', path)
    if (code === 'EROFS' || code === 'EMFILE' || code === 'ENFILE') throw explained
    if (!changedSince.has(code)) {
      tally.tell({ path, place: path, kind: 'failed', what: explained.message, because: null })
      return
    }
    const because = code === 'ENOTDIR' || code === 'ELOOP' ? 'parent-is-symlink' : 'changed-since-the-plan'
    const what =
      code === 'ENOTEMPTY'
        ? 'not removed: something else lies in it'
        : 'not removed: it has changed since the plan was made'
    tally.tell({ path, place: path, kind: 'refused', what, because })
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
