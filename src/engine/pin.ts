import type { Pin } from '../model/backup.ts'
import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import { printable } from '../model/path.ts'
import type { PinOptions, PinOutcome, UnpinOptions } from '../model/pin.ts'
import { lockPins, type PinState, pinFields, readPin, refuseIfPinned } from './pin-file.ts'
import { explainIo } from './platform/explain-io.ts'
import { directoryOf, replaceFile, syncDirectory } from './platform/json-file.ts'
import type { Repository } from './repository.ts'
import { carryOut, type Ending, type Run } from './run.ts'
import type { Session } from './session.ts'

/**
 * Pins a backup, or puts one under legal hold. A legal hold is never weakened or reworded by this.
 *
 * @throws E_UNKNOWN_ID, E_ARCHIVE_MISSING, E_PINNED where it is under another legal hold or under one that cannot be read,
 * E_BUSY, E_IO.
 */
export async function pinBackup(session: Session, options: PinOptions, during: During): Promise<PinOutcome> {
  const { files } = session.world
  const { legalHold } = options
  return underLock(session, 'pin', options.backup, legalHold, during, async (repository, id, now) => {
    const found = readPin(files, repository, id)
    if (found === 'unreadable' && legalHold === null) refuseIfPinned(files, repository, id) // it may be a legal hold
    if (found !== null && found !== 'unreadable') {
      if (legalHold === null || legalHold === found.legalHold) return { pin: found, changed: false }
      if (found.legalHold !== null) refuseIfPinned(files, repository, id)
    }
    const { user, host } = session.world
    const pin: Pin = { v: 1, at: now, by: `${user}@${host}`, legalHold }
    await replaceFile(files, repository.pin(id), `${JSON.stringify(pin)}\n`)
    return { pin, changed: true }
  })
}

/**
 * Takes the pin off. One that is a legal hold, or cannot be read, only with the backup's whole id once more.
 *
 * @throws E_UNKNOWN_ID, E_CONFIRM, E_BUSY, E_IO.
 */
export async function unpinBackup(session: Session, options: UnpinOptions, during: During): Promise<PinOutcome> {
  const { files } = session.world
  const confirm = (pin: PinState, id: string): void => {
    if (pin === null || (pin !== 'unreadable' && pin.legalHold === null) || options.confirm === id) return
    const what =
      pin === 'unreadable' ? 'has a pin that cannot be read' : `is under legal hold: ${printable(pin.legalHold ?? '')}`
    throw new BackupError('E_CONFIRM', `${id} ${what}`, `to lift it: holdfast unpin ${id} --confirm ${id}`)
  }
  const asked = session.repository()
  const { id: wanted } = await session.backup(asked, options.backup)
  const before = readPin(files, asked, wanted)
  confirm(before, wanted) // a refusal is no run
  const legalHold = before === null || before === 'unreadable' ? null : before.legalHold
  return underLock(session, 'unpin', wanted, legalHold, during, async (repository, id) => {
    const found = readPin(files, repository, id)
    confirm(found, id)
    if (found === null) return { pin: null, changed: false }
    const path = repository.pin(id)
    try {
      files.removeFile(path)
      await syncDirectory(files, directoryOf(path))
    } catch (error) {
      throw explainIo(error, 'remove', path)
    }
    return { pin: null, changed: true }
  })
}

type Act = (repository: Repository, id: string, now: string) => Promise<{ pin: Pin | null; changed: boolean }>

/** `legalHold` is what the log says of one. */
async function underLock(
  session: Session,
  kind: 'pin' | 'unpin',
  wanted: string,
  legalHold: string | null,
  during: During,
  act: Act,
): Promise<PinOutcome> {
  const { world } = session
  const repository = session.repository()
  const { id } = await session.backup(repository, wanted)
  const about = legalHold === null ? id : `${id}, legal hold: ${legalHold}`
  const story = async (run: Run): Promise<Ending<Omit<PinOutcome, 'run' | 'exitCode'>>> => {
    const held = await lockPins(world, repository, run)
    try {
      if (world.files.status(repository.backup(id)) === undefined)
        throw new BackupError('E_UNKNOWN_ID', `${id} was deleted meanwhile`, 'holdfast list shows what there is')
      const { pin, changed } = await act(repository, id, new Date(world.clock.now()).toISOString())
      const known = await noteInCatalog(session, repository, id, pin, run)
      const report = {
        backup: id,
        changed,
        pinned: pin !== null,
        legalHold: pin?.legalHold ?? legalHold,
        by: `${world.user}@${world.host}`,
      }
      return { result: { id, changed, ...pinFields(pin) }, report, warnings: !known }
    } finally {
      held.release()
    }
  }
  const { run, result, exitCode } = await carryOut(world, repository, { kind, about, ...during }, story)
  return { ...result, run, exitCode }
}

/** The pin is what counts: that a list does not show it yet is a warning. */
async function noteInCatalog(
  session: Session,
  repository: Repository,
  id: string,
  pin: Pin | null,
  run: Run,
): Promise<boolean> {
  try {
    await session
      .catalog(repository)
      .updateExisting((backups) => backups.map((entry) => (entry.id === id ? { ...entry, ...pinFields(pin) } : entry)))
    return true
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    run.tell({ kind: 'warning', message: `the catalog does not know of it: ${error.message}` })
    return false
  }
}
