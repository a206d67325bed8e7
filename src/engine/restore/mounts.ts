import { type BytePath, joinPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { readText } from '../platform/json-file.ts'

const descriptors = '/proc/self/fdinfo' as BytePath

/**
 * Which mount an open directory lies on. A bind mount is another one, though its device is the same: the kernel tells
 * the number of the mount (proc_pid_fdinfo(5)). Where there is no /proc, the device alone.
 */
export function mountOf(files: Files, fd: number): string {
  let mount = ''
  try {
    mount = /^mnt_id:\s*(\d+)$/m.exec(readText(files, joinPath(descriptors, `${fd}` as BytePath)) ?? '')?.[1] ?? ''
  } catch {
    // The device is told all the same.
  }
  return `${files.statusOf(fd).device}/${mount}`
}
