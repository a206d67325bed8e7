import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { AccountIds } from '../plan/owner-map.ts'
import { explainIo } from './explain-io.ts'
import { letGo } from './let-go.ts'

/** Names of users and groups, from /etc/passwd and /etc/group: what tar stores beside the numbers. */
export interface AccountNames {
  user(id: number): string | null
  group(id: number): string | null
}

/** @throws E_IO. */
export function readAccountNames(files: Files): AccountNames {
  const [users, groups] = [new Map<number, string>(), new Map<number, string>()]
  const noteIn = (names: Map<number, string>) => (name: string, id: number) => {
    if (!names.has(id)) names.set(id, name)
  }
  readDatabase(files, '/etc/passwd' as BytePath, noteIn(users))
  readDatabase(files, '/etc/group' as BytePath, noteIn(groups))
  return { user: (id) => users.get(id) ?? null, group: (id) => groups.get(id) ?? null }
}

/** The numbers by name: of several lines with one name the first, as the C library finds it. @throws E_IO. */
export function readAccountIds(files: Files): AccountIds {
  const [users, groups] = [new Map<string, number>(), new Map<string, number>()]
  const noteIn = (ids: Map<string, number>) => (name: string, id: number) => {
    if (!ids.has(name)) ids.set(name, id)
  }
  readDatabase(files, '/etc/passwd' as BytePath, noteIn(users))
  readDatabase(files, '/etc/group' as BytePath, noteIn(groups))
  return { users, groups }
}

/** A machine without the file simply has no names; numbers are stored in any case. */
function readDatabase(files: Files, path: BytePath, note: (name: string, id: number) => void): void {
  let fd: number
  try {
    fd = files.open(path, 'read-following')
  } catch {
    return
  }
  try {
    try {
      const bytes = Buffer.alloc(files.statusOf(fd).sizeBytes)
      const length = files.read(fd, bytes, 0, bytes.length, 0)
      for (const line of bytes.toString('utf8', 0, length).split('\n')) {
        const [name, , id] = line.split(':')
        if (name && id && /^\d+$/.test(id)) note(name, Number(id))
      }
    } finally {
      letGo(files, fd)
    }
  } catch (error) {
    throw explainIo(error, 'read', path)
  }
}
