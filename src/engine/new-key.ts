import { BackupError } from '../model/errors.ts'
import type { KeysAddOptions } from '../model/keys.ts'
import { type BytePath, displayPath } from '../model/path.ts'
import { makeKeyFile } from './init.ts'
import { type Secret, secretFromKeyfile, secretFromText } from './keys/secrets.ts'
import { explainIo } from './platform/explain-io.ts'
import { readBytes } from './platform/json-file.ts'
import type { Session } from './session.ts'

/** A key that is to be let in: made now, or given. @throws E_KEY_UNUSABLE, E_USAGE, E_IO. */
export async function newKey(
  session: Session,
  key: KeysAddOptions['key'],
): Promise<{ secret: Secret; file: BytePath | null }> {
  const { world, parts } = session
  switch (key.kind) {
    case 'passphrase':
      if (key.text === '') throw new BackupError('E_KEY_UNUSABLE', 'the passphrase is empty', 'type a passphrase')
      return { secret: { kind: 'passphrase', text: key.text }, file: null }
    case 'variable': {
      const value = parts.configured.lookUpSecret(key.name)
      if (value === null)
        throw new BackupError('E_USAGE', `the variable ${key.name} is not set`, 'set it to the new key')
      return { secret: secretFromText(value), file: null }
    }
    case 'file': {
      const path = session.absolute(key.path)
      let bytes: Uint8Array | null
      try {
        bytes = readBytes(world.files, path, 1024 * 1024 + 1)
      } catch (error) {
        throw explainIo(error, 'read the key file', path)
      }
      if (bytes === null)
        throw new BackupError('E_USAGE', `there is no key file ${displayPath(path)}`, 'make one with --new-file')
      return { secret: secretFromKeyfile(bytes), file: path }
    }
    case 'new-file': {
      const path = session.absolute(key.path)
      try {
        return { secret: { kind: 'keyfile', bytes: await makeKeyFile(world, path) }, file: path }
      } catch (error) {
        throw explainIo(error, 'make the key file', path)
      }
    }
  }
}
