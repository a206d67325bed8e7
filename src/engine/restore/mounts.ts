import { type BytePath, joinPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { readText } from '../platform/json-file.ts'

const descriptors = '/proc/self/fdinfo' as BytePath

/**
 * Which mount an open directory lies on. A bind mount is another one, though its device is the same: the kernel tells
 * the number of the mount (proc_pid_fdinfo(5)). Where there is no /proc, the device alone.
 *
 * @throws E_IO where it cannot be told.
 */
export function mountOf(files: Files, fd: number): string {
  const info = readText(files, joinPath(descriptors, `${fd}` as BytePath))
  return `${files.statusOf(fd).device}/${/^mnt_id:\s*(\d+)$/m.exec(info ?? '')?.[1] ?? ''}`
}
