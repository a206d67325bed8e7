import type { CatalogEntry } from '../model/backup.ts'
import type { DrillCard, DrillOptions, DrillOutcome, DrillRecord } from '../model/drill.ts'
import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import { formatNumberOf } from '../model/units.ts'
import { chooseBackup, listBackups } from './catalog.ts'
import { noteDrill } from './drill/drill-ledger.ts'
import { failedRecord, recordOf } from './drill/drill-record.ts'
import { type Rehearsed, rehearse } from './drill/drill-run.ts'
import { ageOf, type DrillGround, limitsOf, widestGap } from './plan/drill-score.ts'
import { type DrillTarget, type DrillTargets, drillTargets } from './plan/drill-targets.ts'
import { soundnessOf } from './plan/soundness.ts'
import type { Repository } from './repository.ts'
import { carryOut, type Run } from './run.ts'
import { openScratch } from './scratch.ts'
import type { Session } from './session.ts'

/**
 * A rehearsal: the backup is restored into a scratch place, read back and held against what was recorded, checked by
 * the user's own command, timed, and noted in `drills.ndjson`. Of a schedule that may be several backups, one after the
 * other: the newest good one of each service.
 *
 * @throws E_UNKNOWN_ID, E_UNKNOWN_SERVICE, E_KEY_MISSING, E_TARGET, E_NO_SPACE, E_DAMAGED, E_INTERRUPTED, …
 */
export async function drill(session: Session, options: DrillOptions, during: During): Promise<DrillOutcome> {
  const { world } = session
  if (options.check?.command.trim() === '')
    throw new BackupError('E_USAGE', 'the check is empty', 'name a command, or leave the check out')
  const repository = session.repository()
  const { backups } = await listBackups(world.files, repository, session.catalog(repository))
  const { isGood } = soundnessOf(backups, new Set())
  const known: Known = { repository, backups, isGood }
  const { targets, without } = targetsOf(session, known, options)
  const encrypted = targets.some(({ backup }) => backup.encrypted)
  await session.keys(repository, encrypted) // who has to be asked is asked before the clock runs
  const { run, result, exitCode } = await carryOut(
    world,
    repository,
    { kind: 'drill', about: aboutOf(targets, options), ...during },
    async (story) => {
      if (options.check !== null) story.tell({ kind: 'notice', message: `check: ${options.check.command}` })
      for (const service of without)
        story.tell({ kind: 'warning', message: `${service} has no good backup: nothing of it was drilled` })
      const { cards, allNoted } = await drillEach(session, known, targets, options, story)
      const least = allNoted && without.length === 0 ? 0 : 3
      const code = [least, ...cards.map(exitCodeOf)].reduce(worse)
      const report = cards.length === 1 ? cards[0] : { cards }
      return { result: cards, report, warnings: false, exitCode: code }
    },
  )
  return { run, exitCode, cards: result }
}

interface Known extends Pick<DrillGround, 'backups' | 'isGood'> {
  readonly repository: Repository
}

/** A backup that turns out to be damaged is its own answer, and keeps no other from being drilled. */
async function drillEach(
  session: Session,
  known: Known,
  targets: readonly DrillTarget[],
  options: DrillOptions,
  story: Run,
): Promise<{ readonly cards: DrillOutcome['cards']; readonly allNoted: boolean }> {
  const cards: DrillCard[] = []
  let allNoted = true
  let refusal: BackupError | null = null
  for (const target of targets) {
    const ground = groundOf(session, known, target)
    try {
      const card = scoreCard(ground, await attempt(session, known.repository, target, options, story))
      const record = recordOf(card, { schedule: options.schedule, ...story })
      allNoted = (await note(session, known.repository, record, story)) && allNoted
      cards.push(card)
    } catch (error) {
      if (!isDamage(error)) throw error
      if (targets.length > 1)
        story.tell({ kind: 'warning', message: `the drill of ${target.backup.id} failed: ${error.message}` })
      refusal ??= error
    }
  }
  const [first, ...others] = cards
  if (refusal !== null || first === undefined) throw refusal ?? new BackupError('E_INTERNAL', 'nothing was drilled')
  return { cards: [first, ...others], allNoted }
}

/** @throws E_UNKNOWN_ID, E_UNKNOWN_SERVICE; there is at least one. */
function targetsOf(
  { parts, world }: Session,
  { repository, backups, isGood }: Known,
  { backup: wanted, services, schedule }: DrillOptions,
): DrillTargets {
  if (schedule === undefined || wanted !== 'latest') {
    const backup = chooseBackup(backups, wanted, services)
    return { targets: [{ backup, services: servicesOf(backup, services) }], without: [] }
  }
  const isWhole = (entry: CatalogEntry) =>
    isGood(entry) && world.files.status(repository.manifest(entry.id)) !== undefined
  const configured = parts.configured.services.map(({ name }) => name)
  const all = configured.length > 0 ? configured : backups.flatMap((entry) => entry.services)
  const found = drillTargets(backups, services.length > 0 ? services : all, isWhole)
  if (found.targets.length > 0) return found
  const whose = services.length === 0 ? '' : ` of ${services.join(', ')}`
  throw new BackupError(
    'E_UNKNOWN_ID',
    `there is no good backup${whose} to drill`,
    'holdfast status says what is wrong',
  )
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

function aboutOf(targets: readonly DrillTarget[], { services }: DrillOptions): string {
  const [only, ...others] = targets
  if (only === undefined || others.length > 0) return formatNumberOf(targets.length, 'backup')
  return services.length === 0 ? only.backup.id : `${only.backup.id}: ${only.services.join(', ')}`
}

function groundOf({ parts, world }: Session, { backups, isGood }: Known, target: DrillTarget): DrillGround {
  const configured = parts.configured.services.map(({ name, rtoMinutes, hasRpo, rpoHours }) => ({
    name,
    rtoMinutes,
    rpoHours: hasRpo ? rpoHours : null,
  }))
  return { ...target, backups, isGood, configured, now: world.clock.now() }
}

/** A backup that turns out to be damaged has failed its drill, and that is noted too. */
async function attempt(
  session: Session,
  repository: Repository,
  target: DrillTarget,
  options: DrillOptions,
  run: Run,
): Promise<Rehearsed> {
  const { world } = session
  const workspace = await openScratch(world, repository, run.holder, run.signal)
  try {
    return await rehearse(session, repository, target, options, workspace, run)
  } catch (error) {
    if (isDamage(error))
      await note(session, repository, failedRecord(target, error, { schedule: options.schedule, ...run }), run)
    throw error
  } finally {
    workspace.discard()
  }
}

const damageFound = 4

function isDamage(error: unknown): error is BackupError {
  return error instanceof BackupError && error.exitCode === damageFound
}

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

const fromBest = [0, 3, 1, damageFound]

function worse(a: number, b: number): number {
  return fromBest.indexOf(a) > fromBest.indexOf(b) ? a : b
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
