import type { CatalogEntry } from '../model/backup.ts'
import type { DrillCard, DrillOptions, DrillOutcome, DrillRecord } from '../model/drill.ts'
import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import { isoOf } from '../model/instant.ts'
import { chooseBackup, listBackups } from './catalog.ts'
import { noteDrill } from './drill/drill-ledger.ts'
import { type Rehearsed, rehearse } from './drill/drill-run.ts'
import { ageOf, type DrillGround, limitsOf, widestGap } from './plan/drill-score.ts'
import { soundnessOf } from './plan/soundness.ts'
import type { Repository } from './repository.ts'
import { carryOut, type Run } from './run.ts'
import { openScratch } from './scratch.ts'
import type { Session } from './session.ts'

/**
 * A rehearsal: the backup is restored into a scratch place, read back and held against what was recorded, checked by
 * the user's own command, timed, and noted in `drills.ndjson`.
 *
 * @throws E_UNKNOWN_ID, E_UNKNOWN_SERVICE, E_KEY_MISSING, E_TARGET, E_NO_SPACE, E_DAMAGED, E_INTERRUPTED, …
 */
export async function drill(session: Session, options: DrillOptions, during: During): Promise<DrillOutcome> {
  const { world, parts } = session
  if (options.check?.command.trim() === '')
    throw new BackupError('E_USAGE', 'the check is empty', 'name a command, or leave the check out')
  const repository = session.repository()
  const { backups } = await listBackups(world.files, repository, session.catalog(repository))
  const backup = chooseBackup(backups, options.backup, options.services)
  const services = servicesOf(backup, options.services)
  await session.keys(repository, backup.encrypted) // who has to be asked is asked before the clock runs
  const { isGood } = soundnessOf(backups, new Set())
  const now = world.clock.now()
  const configured = parts.configured.services.map(({ name, rtoMinutes, hasRpo, rpoHours }) => ({
    name,
    rtoMinutes,
    rpoHours: hasRpo ? rpoHours : null,
  }))
  const ground: DrillGround = { backup, services, backups, isGood, configured, now }
  const about = options.services.length === 0 ? backup.id : `${backup.id}: ${services.join(', ')}`
  const { run, result, exitCode } = await carryOut(
    world,
    repository,
    { kind: 'drill', about, ...during },
    async (story) => {
      if (options.check !== null) story.tell({ kind: 'notice', message: `check: ${options.check.command}` })
      const rehearsed = await attempt(session, repository, ground, options, story)
      const card = scoreCard(ground, rehearsed)
      const noted = await note(session, repository, recordOf(ground, card, story), story)
      const code = exitCodeOf(card)
      return { result: card, report: card, warnings: false, exitCode: code === 0 && !noted ? 3 : code }
    },
  )
  return { run, exitCode, card: result }
}

function servicesOf(backup: CatalogEntry, wanted: readonly string[]): readonly string[] {
  for (const service of wanted)
    if (!backup.services.includes(service))
      throw new BackupError(
        'E_UNKNOWN_SERVICE',
        `the backup ${backup.id} has no service '${service}'`,
        `it has: ${backup.services.join(', ')}`,
      )
  return wanted.length === 0 ? backup.services : wanted
}

/** A backup that turns out to be damaged has failed its drill, and that is noted too. */
async function attempt(
  session: Session,
  repository: Repository,
  ground: DrillGround,
  options: DrillOptions,
  run: Run,
): Promise<Rehearsed> {
  const { world } = session
  const workspace = await openScratch(world, repository, run.holder, run.signal)
  try {
    return await rehearse(session, repository, ground.backup.id, options, workspace, run)
  } catch (error) {
    if (error instanceof BackupError && error.exitCode === damageFound)
      await note(session, repository, failedRecord(ground, error, run), run)
    throw error
  } finally {
    workspace.discard()
  }
}

const damageFound = 4

function scoreCard(ground: DrillGround, rehearsed: Rehearsed): DrillCard {
  const { backup, services, now } = ground
  const { restored, compared, check, rtoMs } = rehearsed
  return {
    backup: backup.id,
    services,
    ok: restored.ok && compared.ok && check?.ok !== false,
    ...rehearsed,
    ageMs: ageOf(backup, now),
    widestGapMs: widestGap(ground),
    limits: limitsOf(ground, rtoMs),
  }
}

function exitCodeOf({ ok, restored, compared, limits, notes }: DrillCard): number {
  if (!restored.ok || !compared.ok) return damageFound
  if (!ok) return 1
  return limits.some(({ met }) => !met) || notes.length > 0 ? 3 : 0
}

function recordOf(ground: DrillGround, card: DrillCard, { id, startedMs }: Run): DrillRecord {
  const { compared, check, limits } = card
  return {
    v: 1,
    id: card.backup,
    run: id,
    at: isoOf(startedMs),
    services: [...ground.services],
    ok: card.ok,
    level: check === null ? 'compared' : 'checked',
    rtoMs: card.rtoMs,
    restoreMs: card.restored.durationMs,
    compared: { entries: compared.entries, bytes: compared.bytes, different: compared.different },
    check: check === null ? null : { ok: check.ok, exitCode: check.exitCode, timedOut: check.timedOut },
    limitsMissed: limits.filter(({ met }) => !met).map(({ service, kind }) => `${service} ${kind}`),
    error: null,
  }
}

function failedRecord({ backup, services }: DrillGround, error: BackupError, { id, startedMs }: Run): DrillRecord {
  const nothing = { rtoMs: null, restoreMs: null, compared: null, check: null, limitsMissed: [] }
  const which = { id: backup.id, run: id, at: isoOf(startedMs), services: [...services] }
  return { v: 1, ...which, ok: false, level: 'compared', ...nothing, error: error.message }
}

/** False where it could not be noted: what was proven was proven all the same. */
async function note({ world }: Session, repository: Repository, record: DrillRecord, run: Run): Promise<boolean> {
  try {
    await noteDrill(world.files, repository, record)
    return true
  } catch (error) {
    const why = error instanceof BackupError ? error.message : String(error)
    run.tell({ kind: 'warning', message: `the drill is not noted in drills.ndjson: ${why}` })
    return false
  }
}
