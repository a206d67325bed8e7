import { isTrueWord, type VariableName } from '../../model/configuration-variables.ts'
import type { RetentionPolicy } from '../../model/retention.ts'
import type { ScheduleDraft, ScheduleType } from '../../model/schedule.ts'
import { letsGo } from './retention-rules.ts'
import { inEnvironment, type SettingsSources } from './settings-sources.ts'

interface Asked {
  readonly id: string
  readonly type: ScheduleType
  readonly enabled: VariableName
  readonly time: VariableName
  readonly usualTime: string
}

const inVariables: readonly Asked[] = [
  {
    id: 'daily',
    type: 'incremental',
    enabled: 'BACKUP_DAILY_ENABLED',
    time: 'BACKUP_DAILY_TIME',
    usualTime: '0 2 * * *',
  },
  { id: 'weekly', type: 'full', enabled: 'BACKUP_WEEKLY_ENABLED', time: 'BACKUP_WEEKLY_TIME', usualTime: '0 3 * * 0' },
  {
    id: 'monthly',
    type: 'full',
    enabled: 'BACKUP_MONTHLY_ENABLED',
    time: 'BACKUP_MONTHLY_TIME',
    usualTime: '0 4 1 * *',
  },
]

/**
 * The schedules of backup_config.json and of BACKUP_{DAILY,WEEKLY,MONTHLY}_{ENABLED,TIME}, on the configured zone's
 * clock. A variable makes none where the file has a schedule of that name: the file says more.
 */
export function configuredSchedules(sources: SettingsSources): ScheduleDraft[] {
  const document = sources.file?.document
  const tz = document?.global_settings?.default_timezone ?? 'UTC'
  const usual = { tz, if_missed: 'run-once', jitter_seconds: 0 } as const
  const schedules: ScheduleDraft[] = Object.entries(document?.schedules ?? {}).map(([name, asked]) => ({
    ...usual,
    id: name,
    name,
    cron: asked.cron_expression,
    type: asked.type ?? 'full',
    services: asked.include_paths === undefined ? [] : [name],
    enabled: asked.enabled ?? true,
  }))
  for (const { id, type, enabled, time, usualTime } of inVariables) {
    const [isEnabled, cron] = [inEnvironment(sources, enabled), inEnvironment(sources, time)]
    if ((isEnabled === null && cron === null) || schedules.some((schedule) => schedule.id === id)) continue
    schedules.push({
      ...usual,
      id,
      name: id,
      cron: cron?.value ?? usualTime,
      type,
      services: [],
      enabled: isEnabled === null || isTrueWord(isEnabled.value),
    })
  }
  return schedules
}

/** Where a schedule of the configuration is asked for: what to change. Null where it is not one of them. */
export function placeOfSchedule(sources: SettingsSources, id: string): string | null {
  const { file } = sources
  if (file !== null && Object.hasOwn(file.document.schedules ?? {}, id))
    return `${file.where(['schedules', id])} (schedules.${id})`
  const asked = inVariables.find((one) => one.id === id)
  const said =
    asked === undefined ? null : (inEnvironment(sources, asked.enabled) ?? inEnvironment(sources, asked.time))
  return said === null ? null : `${said.name} in ${said.from === 'environment' ? 'the environment' : said.from}`
}

/** Sundays at five, as the seed documents have it. */
const usualCleanup = '0 5 * * 0'

/** When the cleanup is due; null where none is asked for, neither by a time nor by a policy that lets anything go. */
export function configuredCleanup(
  sources: SettingsSources,
  policy: RetentionPolicy,
): Pick<ScheduleDraft, 'cron' | 'tz'> | null {
  const document = sources.file?.document
  const asked = document?.cleanup_schedule?.cron_expression
  if (asked === undefined && !policy.sets.some(letsGo)) return null
  return { cron: asked ?? usualCleanup, tz: document?.global_settings?.default_timezone ?? 'UTC' }
}
