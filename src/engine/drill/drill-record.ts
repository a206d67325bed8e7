import type { DrillCard, DrillRecord } from '../../model/drill.ts'
import type { BackupError } from '../../model/errors.ts'
import { isoOf } from '../../model/instant.ts'
import { limitText } from '../plan/drill-alerts.ts'
import type { DrillTarget } from '../plan/drill-targets.ts'
import type { Run } from '../run.ts'

/** What the ledger says of a drill. Pure. */

type About = Pick<DrillRecord, 'schedule'> & Pick<Run, 'id' | 'startedMs'>

export function recordOf(card: DrillCard, about: About): DrillRecord {
  const { compared, check, limits } = card
  return {
    ...beginning(card.backup, card.services, about),
    ok: card.ok,
    level: check === null ? 'compared' : 'checked',
    rtoMs: card.rtoMs,
    restoreMs: card.restored.durationMs,
    compared: { entries: compared.entries, bytes: compared.bytes, different: compared.different },
    check: check === null ? null : { ok: check.ok, exitCode: check.exitCode, timedOut: check.timedOut },
    limitsMissed: limits.filter(({ met }) => !met).map(({ service, kind }) => limitText(service, kind)),
    error: null,
    ...by(about),
  }
}

/** Of a backup that could not be restored, so that there was nothing to compare. */
export function failedRecord({ backup, services }: DrillTarget, error: BackupError, about: About): DrillRecord {
  const nothing = { rtoMs: null, restoreMs: null, compared: null, check: null, limitsMissed: [] }
  return {
    ...beginning(backup.id, services, about),
    ok: false,
    level: 'compared',
    ...nothing,
    error: error.message,
    ...by(about),
  }
}

function beginning(
  id: string,
  services: readonly string[],
  about: About,
): Pick<DrillRecord, 'v' | 'id' | 'run' | 'at' | 'services'> {
  return { v: 1, id, run: about.id, at: isoOf(about.startedMs), services: [...services] }
}

function by({ schedule }: About): Pick<DrillRecord, 'schedule'> {
  return schedule === undefined ? {} : { schedule }
}
