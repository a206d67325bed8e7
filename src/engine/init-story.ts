import { BackupError } from '../model/errors.ts'
import { displayPath, joinPath, parentOf, pathFromText } from '../model/path.ts'
import type { InitOptions, InitResult } from '../model/repository.ts'
import { initRepository } from './init.ts'
import { missingKeyHint } from './keys/slots.ts'
import { isRepository, type Repository } from './repository.ts'
import type { Session } from './session.ts'

/** A repository with all it needs; what is there already stays as it is. */
export async function init(session: Session, { passphrase }: InitOptions): Promise<InitResult> {
  const { configured } = session.parts
  const made = await initialise(session, passphrase, true)
  return {
    root: displayPath(session.root),
    created: made.created,
    encrypted: configured.settings.encryption.enabled,
    keyFile: made.keyFile === null ? null : displayPath(made.keyFile),
    configurationFile: made.configuration === null ? null : displayPath(made.configuration),
    notices: [...configured.notices, ...made.notices],
  }
}

/** The repository, made where there is none yet. @throws E_KEY_MISSING: only init makes a key too. */
export async function ensureRepository(session: Session): Promise<Repository> {
  if (!isRepository(session.world.files, session.root)) {
    if (session.parts.configured.settings.encryption.enabled && session.foundKey() === null) throw missingKey(session)
    await initialise(session, null, false)
  }
  return session.repository()
}

export function missingKey({ world, root, keyFile }: Session): BackupError {
  return new BackupError(
    'E_KEY_MISSING',
    'there is no encryption key',
    isRepository(world.files, root)
      ? missingKeyHint(displayPath(keyFile))
      : 'set BACKUP_ENCRYPTION_KEY, or make a repository with a key: holdfast init',
  )
}

async function initialise(session: Session, passphrase: string | null, withConfiguration: boolean) {
  const { parts, world, root } = session
  const { settings } = parts.configured
  const configuration = joinPath(parentOf(root), pathFromText('backup_config.json'))
  return initRepository(world, parts.catalogOf, {
    root,
    encrypt: settings.encryption.enabled,
    found:
      passphrase === null
        ? session.foundKey()
        : { secret: { kind: 'passphrase', text: passphrase }, origin: 'the passphrase' },
    keyFile: settings.encryption.keyFile,
    derivation: session.derivation(),
    configuration: withConfiguration && settings.configurationFile === null ? configuration : null,
  })
}
