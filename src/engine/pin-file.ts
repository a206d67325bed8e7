import { type CatalogEntry, type Pin, pinSchema } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import { printable } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { readText } from './platform/json-file.ts'
import { acquireLock, type Lock } from './platform/lock.ts'
import type { Repository, World } from './repository.ts'
import type { Run } from './run.ts'

/** Pins: a file beside a backup's manifest that says that nothing deletes it. The catalog only repeats it. */

const waitMs = 60_000

/** `unreadable`: there is a pin, but what it says is not known. It holds all the same. */
export type PinState = Pin | 'unreadable' | null

/** @throws E_IO where it cannot be told. */
export function readPin(files: Files, repository: Repository, id: string): PinState {
  const text = readText(files, repository.pin(id))
  if (text === null) return null
  try {
    return pinSchema.parse(JSON.parse(text))
  } catch {
    return 'unreadable'
  }
}

/** What a list shows of a pin. */
export function pinFields(pin: PinState): Pick<CatalogEntry, 'pinned'> & { readonly legalHold: string | null } {
  return { pinned: pin !== null, legalHold: pin === null || pin === 'unreadable' ? null : pin.legalHold }
}

/** Nobody pins, unpins or deletes while it is held, so that what was read stays true. @throws E_BUSY, E_INTERRUPTED. */
export function lockPins({ files, clock }: World, repository: Repository, { holder, signal }: Run): Promise<Lock> {
  return acquireLock(files, repository.lock('pins'), { waitMs, signal, holder, clock })
}

/** @throws E_PINNED. */
export function refuseIfPinned(files: Files, repository: Repository, id: string): void {
  const pin = readPin(files, repository, id)
  if (pin === null) return
  if (pin === 'unreadable')
    throw new BackupError(
      'E_PINNED',
      `${id} is pinned, though its pin.json cannot be read`,
      `to let go of it: holdfast unpin ${id} --confirm ${id}`,
    )
  if (pin.legalHold !== null)
    throw new BackupError(
      'E_PINNED',
      `${id} is under legal hold since ${pin.at}: ${printable(pin.legalHold)}`,
      `to lift it: holdfast unpin ${id} --confirm ${id}`,
    )
  throw new BackupError('E_PINNED', `${id} is pinned since ${pin.at}`, `to let go of it: holdfast unpin ${id}`)
}
