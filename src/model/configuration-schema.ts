import * as z from 'zod'
import {
  advancedScheduling,
  compression,
  encryption,
  recovery,
  retentionPolicy,
  schedule,
  service,
  storage,
} from './configuration-backup-schema.ts'
import {
  alerts,
  api,
  integrations,
  monitoring,
  networkSecurity,
  notifications,
  performance,
  securedDirectory,
} from './configuration-operations-schema.ts'
import { cron, days, flag, name, strings, text, timeZone } from './configuration-values.ts'

/**
 * backup_config.json, section by section.
 *
 * Every object is strict: a key that is not named here is an error, never ignored. Whether a key has an effect yet
 * stands in configuration-support.ts; a test holds the two together. Nothing is transformed here, so that a path
 * into the parsed document is a path into the file.
 */

export const configurationSchema = z.strictObject({
  metadata: z
    .strictObject({ version: text.optional(), last_updated: text.optional(), organization: text.optional() })
    .optional(),
  global_settings: z
    .strictObject({
      company_name: text.optional(),
      default_timezone: timeZone.optional(),
      backup_retention_days: days.optional(),
      encryption_enabled: flag.optional(),
    })
    .optional(),
  services: z.record(name, service).optional(),
  storage: storage.optional(),
  encryption: encryption.optional(),
  schedules: z.record(name, schedule).optional(),
  advanced_scheduling: advancedScheduling.optional(),
  compression: compression.optional(),
  retention_policies: z.record(name, retentionPolicy).optional(),
  cleanup_schedule: z
    .strictObject({
      cron_expression: cron.optional(),
      batch_size: z.int().min(1).optional(),
      grace_period_hours: z.number().min(0).optional(),
    })
    .optional(),
  recovery: recovery.optional(),
  monitoring: monitoring.optional(),
  alerts: alerts.optional(),
  notifications: notifications.optional(),
  performance: performance.optional(),
  integrations: integrations.optional(),
  api: api.optional(),
  network_security: networkSecurity.optional(),
  file_security: z
    .strictObject({
      backup_directory: securedDirectory,
      log_directory: securedDirectory,
      config_directory: securedDirectory,
    })
    .optional(),
  compliance: z
    .strictObject({
      standards: z
        .record(name, z.strictObject({ enabled: flag.optional(), requirements: strings.optional() }))
        .optional(),
      retention_policies: z.record(name, text).optional(),
    })
    .optional(),
})
export type Configuration = z.infer<typeof configurationSchema>
