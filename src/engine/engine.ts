import type { Engine } from '../model/engine.ts'
import { BackupError } from '../model/errors.ts'
import { listBackups } from './catalog.ts'
import { knownDrills, proofsOf } from './drill/drill-ledger.ts'
import { explainIfIo } from './platform/explain-io.ts'
import { type EngineParts, Session } from './session.ts'

/**
 * The engine: every deed by name, each told in full in a file of its own, which is loaded when it is called: a list must
 * not wait for what only a restore needs.
 */
export function createEngine(parts: EngineParts): Engine {
  const session = new Session(parts)
  const { world, configured } = parts
  const { files } = world

  return answering(session, {
    init: async (options) => (await import('./init-story.ts')).init(session, options),
    create: async (options, during) => (await import('./create-story.ts')).create(session, options, during),
    estimate: async (options, during) => (await import('./estimate.ts')).estimateCreate(session, options, during),
    sources: async () => (await import('./source-listing.ts')).listSources(session),

    async list({ type, services, days }) {
      const repository = session.repository()
      const { backups, problems } = await listBackups(files, repository, session.catalog(repository))
      const since = days === null ? null : new Date(world.clock.now() - days * 86_400_000).toISOString()
      const wanted = backups.filter(
        (entry) =>
          (type === null || entry.type === type) &&
          services.every((service) => entry.services.includes(service)) &&
          (since === null || entry.createdAt >= since),
      )
      const { drills, problem } = knownDrills(files, repository)
      return {
        backups: wanted,
        problems: problem === null ? problems : [...problems, problem],
        drilled: proofsOf(drills),
      }
    },

    inspect: async (options, take) => (await import('./inspect-story.ts')).inspect(session, options, take),
    cat: async (options, take) => (await import('./inspect-story.ts')).cat(session, options, take),
    browse: async (options) => (await import('./browse/browser.ts')).openBrowser(session, options),
    diff: async (options, take, watch) => (await import('./diff.ts')).diffBackups(session, options, take, watch),

    async lookAtTarget(path) {
      const { lookAtTarget } = await import('./restore/look-at-target.ts')
      return lookAtTarget(files, session.absolute(path), session.repository().root)
    },

    planRestore: async (options, during) => (await import('./restore-story.ts')).planRestore(session, options, during),
    undoable: async () => (await import('./undo/undoable.ts')).undoableRestores(session),
    planUndo: async (options, during) => (await import('./undo-story.ts')).planUndo(session, options, during),
    verify: async (options, during) => (await import('./verify-story.ts')).verifyBackups(session, options, during),
    drill: async (options, during) => (await import('./drill-story.ts')).drill(session, options, during),
    consolidate: async (options, during) => (await import('./create-story.ts')).consolidate(session, options, during),
    planDelete: async (backup) => (await import('./delete.ts')).planDelete(session, backup),
    delete: async (backup, during) => (await import('./delete.ts')).deleteBackup(session, backup, during),
    planCleanup: async (rules) => (await import('./cleanup.ts')).planCleanup(session, rules),
    cleanup: async (order, during) => (await import('./cleanup.ts')).cleanup(session, order, during),
    pin: async (options, during) => (await import('./pin.ts')).pinBackup(session, options, during),
    unpin: async (options, during) => (await import('./pin.ts')).unpinBackup(session, options, during),
    schedules: async () => (await import('./schedules.ts')).listSchedules(session),
    saveSchedule: async (draft, as) => (await import('./schedules.ts')).saveSchedule(session, draft, as),
    removeSchedule: async (id) => (await import('./schedules.ts')).removeSchedule(session, id),
    describeSchedules: async () => (await import('./schedule-story.ts')).describeSchedules(session),
    addSchedule: async (wish) => (await import('./schedule-story.ts')).addSchedule(session, wish),
    enableSchedule: async (id, enabled) => (await import('./schedule-story.ts')).enableSchedule(session, id, enabled),
    runSchedule: async (id, during) => (await import('./run-schedule.ts')).runSchedule(session, id, during),
    retention: async () => (await import('./retention-ground.ts')).retentionGround(session),
    rebuild: async (during) => (await import('./rebuild.ts')).rebuild(session, during),

    status: async () => (await import('./status.ts')).reportStatus(session),

    async doctor() {
      const { examine } = await import('./doctor.ts')
      return examine(world, {
        root: session.root,
        loaded: configured,
        findKey: () => session.foundKey(),
        catalogOf: parts.catalogOf,
        nodeVersion: parts.nodeVersion,
        enabledSchedules: async () =>
          (await (await import('./schedules.ts')).allSchedules(session)).filter(({ schedule }) => schedule.enabled)
            .length,
      })
    },

    async keysList() {
      const { describeKeys } = await import('./key-members.ts')
      return describeKeys(files, session.repository(), session.foundKey())
    },

    keysAdd: async (options, during) => (await import('./keys-add-story.ts')).keysAdd(session, options, during),

    async exportBackup({ backup }, take) {
      const { exportBackup } = await import('./export.ts')
      const repository = session.repository()
      const entry = await session.backup(repository, backup)
      return { id: entry.id, bytes: await exportBackup(files, repository, entry, take) }
    },
  })
}

/**
 * What every deed owes whoever called it: an error of the disk says what it means, wherever it came from; and a process
 * that lives on, as the console does, does not keep a passphrase with a typing mistake in it.
 */
function answering(session: Session, engine: Engine): Engine {
  const guarded = Object.entries(engine).map(([name, deed]: [string, (...given: never[]) => Promise<unknown>]) => [
    name,
    async (...given: never[]) => {
      try {
        return await deed(...given)
      } catch (error) {
        if (error instanceof BackupError && error.code === 'E_KEY_WRONG') session.forgetTypedKey()
        throw explainIfIo(error, 'go on with', session.root)
      }
    },
  ])
  return Object.fromEntries(guarded) as Engine // the same names, each of them with what it takes and gives
}
