import type { Files } from '../../model/ports.ts'

/**
 * Closes what was only read, or was synced, or is only locked. A close that fails has closed all the same (close(2)),
 * and has nothing to tell that a sync has not told: it must not end what is otherwise done, nor keep others open.
 */
export function letGo(files: Pick<Files, 'close'>, fd: number): void {
  try {
    files.close(fd)
  } catch {}
}
