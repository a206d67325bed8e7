import { type BytePath, displayPath } from '../../model/path.ts'

/** What went wrong with a source while it was read, in words for the warning. */

export const changedWhileRead = 'changed while it was read; its content is a mixture of versions'

/** Files of the kernel's own (procfs) say they are empty, and are not. */
export const saysEmpty = 'says that it is empty, and is not, as files of the kernel do; stored empty'

export const replacedWhileRead = 'was replaced while the backup ran; left out'

export function vanished(): NodeJS.ErrnoException {
  return Object.assign(new Error('vanished'), { code: 'ENOENT' })
}

/** A read that failed, in words for the warning. */
export function whyUnreadable(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'vanished before it could be read'
    case 'EACCES':
    case 'EPERM':
      return 'not readable: permission denied'
    case 'ELOOP':
      return 'became a symlink while the backup ran; left out'
    default:
      return `not readable: ${error.code ?? displayPath(error.message as BytePath)}`
  }
}
