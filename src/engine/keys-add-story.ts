import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import type { KeysAddOptions, KeysAddResult } from '../model/keys.ts'
import { displayPath } from '../model/path.ts'
import { addKey } from './key-members.ts'
import { missingKeyHint, slotKeyFor } from './keys/slots.ts'
import { newKey } from './new-key.ts'
import { carryOut } from './run.ts'
import type { Session } from './session.ts'
import { keyringForWriting } from './unlock.ts'

/** One more key that opens the repository. */
export async function keysAdd(
  session: Session,
  { label, key }: KeysAddOptions,
  during: During,
): Promise<KeysAddResult> {
  const { world } = session
  const repository = session.repository()
  const found = await session.key()
  if (found === null)
    throw new BackupError(
      'E_KEY_MISSING',
      'a key of the repository is needed to let in another',
      missingKeyHint(displayPath(session.keyFile)),
    )
  await keyringForWriting(world, repository, found, session.derivation())
  const { secret, file } = await newKey(session, key)
  const slotKey = slotKeyFor(secret, session.derivation(), world.random)
  const { result, exitCode } = await carryOut(world, repository, { kind: 'keys-add', about: label, ...during }, (run) =>
    addKey(world, repository, found, slotKey, label, run),
  )
  return { exitCode, ...result, file: file === null ? null : displayPath(file) }
}
