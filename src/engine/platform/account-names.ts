import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { explainIo } from './explain-io.ts'

/** Names of users and groups, from /etc/passwd and /etc/group: what tar stores beside the numbers. */
export interface AccountNames {
  user(id: number): string | null
  group(id: number): string | null
}

/** @throws E_IO. */
export function readAccountNames(files: Files): AccountNames {
  const users = readDatabase(files, '/etc/passwd' as BytePath)
  const groups = readDatabase(files, '/etc/group' as BytePath)
  return { user: (id) => users.get(id) ?? null, group: (id) => groups.get(id) ?? null }
}

/** A machine without the file simply has no names; numbers are stored in any case. */
function readDatabase(files: Files, path: BytePath): Map<number, string> {
  const names = new Map<number, string>()
  let fd: number
  try {
    fd = files.open(path, 'read-following')
  } catch {
    return names
  }
  try {
    try {
      const bytes = Buffer.alloc(files.statusOf(fd).sizeBytes)
      const length = files.read(fd, bytes, 0, bytes.length, 0)
      for (const line of bytes.toString('utf8', 0, length).split('\n')) {
        const [name, , id] = line.split(':')
        if (name && id && /^\d+$/.test(id) && !names.has(Number(id))) names.set(Number(id), name)
      }
    } finally {
      files.close(fd)
    }
  } catch (error) {
    throw explainIo(error, 'read', path)
  }
  return names
}
