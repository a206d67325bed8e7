import { BackupError } from '../../model/errors.ts'
import { parentOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { createBackup } from '../backup.ts'
import { chooseCompression } from '../create-request.ts'
import { missingKey } from '../init-story.ts'
import { type Place, placeOf, placesOf } from '../restore/places.ts'
import type { RestorePlan } from '../restore/request.ts'
import type { Run } from '../run.ts'
import type { ServiceRequest } from '../service-request.ts'
import type { Session } from '../session.ts'
import { replacedSource, savedSteps } from './replaced-source.ts'
import { requireSaved } from './require-saved.ts'

/**
 * A backup of what the plan will replace, remove or give other attributes, made within the run of the restore; its id.
 * Nothing has been changed before it is there and was read back: whatever cannot be saved ends the restore.
 *
 * @throws E_IO where something cannot be read; E_KEY_MISSING, E_NO_SPACE, E_BUSY, E_INTERRUPTED.
 */
export async function saveReplaced(session: Session, plan: RestorePlan, restore: string, run: Run): Promise<string> {
  const { world, parts } = session
  const { files } = world
  const { settings } = parts.configured
  const repository = session.repository()
  const all = placesOf(plan.header)
  const places = all.filter((place) => hasSaved(files, plan, all, place))
  const encrypt = settings.encryption.enabled
  const key = encrypt ? await session.key() : null
  if (encrypt && key === null) {
    const { code, message, hint } = missingKey(session)
    throw new BackupError(code, `${message} for saving what is replaced`, `${hint}; or save nothing: --no-undo`)
  }
  run.tell({ kind: 'phase', phase: 'saving what is replaced' })
  const request = {
    type: 'safety',
    consolidation: null,
    paranoid: false,
    acceptEmpty: true,
    findBase: async () => null,
    services: places.map((place, at) => serviceOf(at, place, replacedSource(files, plan, all, place))),
    description: safetyDescription(restore),
    compression: chooseCompression(session, { compression: null }),
    slotKeys: session.writeKeys(repository, encrypt, key),
    warnings: [],
    notices: [],
    workers: settings.workers.backup ?? world.processors,
    expectedBytes: plan.header.saves?.bytes ?? null,
    estimate: false,
    schedule: null,
  } as const
  const { result } = await createBackup(world, repository, session.catalog(repository), request, run)
  await requireSaved(session, repository, plan, places, result.entry)
  return result.entry.id
}

/** What a safety backup's description says; whoever takes a restore back by it checks that it is that restore's. */
export function safetyDescription(restore: string): string {
  return `before ${restore}`
}

function serviceOf(at: number, { base }: Place, source: NonNullable<ServiceRequest['source']>): ServiceRequest {
  return {
    name: at === 0 ? 'replaced' : `replaced-${at + 1}`,
    type: 'files',
    paths: [base],
    ...{ exclude: [], volumes: [], excludeCaches: false, oneFileSystem: false },
    fixedBlocks: { patterns: [], blockBytes: 0 },
    source,
  }
}

function hasSaved(files: Files, plan: RestorePlan, places: readonly Place[], place: Place): boolean {
  for (const { path } of savedSteps(files, plan)) if (placeOf(places, parentOf(path)) === place) return true
  return false
}
