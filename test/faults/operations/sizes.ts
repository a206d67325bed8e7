import type { Operation } from '../operation.ts'

/** Restores are tried over two trees: a small one under every fault, and a large one that the process dies over. */

export const small = 24
export const large = 200

/** What is the operation's own by its tree: its name in the table, and the faults it is tried under. */
export function sized(name: string, files: number): Pick<Operation, 'name' | 'kinds'> {
  return files === small ? { name } : { name: `${name}, ${files} files`, kinds: ['kill'] }
}
