import { BackupError } from '../../model/errors.ts'
import { usage } from './given.ts'
import type { Terminal } from './terminal.ts'

/** A new passphrase, typed twice. Throws E_USAGE where nobody can type, or where the two differ. */
export async function newPassphrase(terminal: Terminal): Promise<string> {
  if (!terminal.interactive) {
    throw usage('a passphrase can only be asked for on a terminal', 'set BACKUP_ENCRYPTION_KEY, or use a key file')
  }
  const first = await terminal.askSecret('new passphrase: ')
  if (first === '') throw usage('the passphrase is empty', 'nothing was changed')
  if ((await terminal.askSecret('again: ')) !== first) throw usage('the two passphrases differ', 'nothing was changed')
  return first
}

/** The passphrase of an existing key. Throws E_KEY_MISSING where none is typed. */
export async function existingPassphrase(terminal: Terminal): Promise<string> {
  const text = await terminal.askSecret('passphrase: ')
  if (text === '')
    throw new BackupError('E_KEY_MISSING', 'no passphrase was given', 'type it, or set BACKUP_ENCRYPTION_KEY')
  return text
}
