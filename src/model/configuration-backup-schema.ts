import * as z from 'zod'
import {
  compressionName,
  cron,
  days,
  flag,
  paths,
  pathText,
  port,
  serviceTypes,
  strings,
  text,
  threads,
  variableName,
} from './configuration-values.ts'

/** The sections that say what is backed up, where to, how and how it comes back. */

export const storage = z.strictObject({
  type: z.enum(['local', 'remote', 'cloud', 'hybrid']).optional(),
  local: z
    .strictObject({
      path: pathText.optional(),
      retention_days: days.optional(),
      compression: compressionName.optional(),
      encryption: flag.optional(),
    })
    .optional(),
  remote: z
    .strictObject({
      type: z.enum(['sftp']).optional(),
      host: text.optional(),
      port: port.optional(),
      username: text.optional(),
      password_env_var: variableName.optional(),
      path: text.optional(),
    })
    .optional(),
  cloud: z
    .strictObject({
      type: z.enum(['s3', 'azure_blob', 'google_cloud_storage']).optional(),
      bucket: text.optional(),
      region: text.optional(),
      access_key_env_var: variableName.optional(),
      secret_key_env_var: variableName.optional(),
    })
    .optional(),
  hybrid: z
    .strictObject({
      primary: z.enum(['local', 'remote', 'cloud']).optional(),
      secondary: z.enum(['local', 'remote', 'cloud']).optional(),
      sync_strategy: text.optional(),
    })
    .optional(),
})

export const encryption = z.strictObject({
  enabled: flag.optional(),
  algorithm: text.optional(),
  key_size: z.int().optional(),
  key_derivation: z
    .strictObject({
      algorithm: z.enum(['PBKDF2', 'scrypt', 'argon2id']).optional(),
      // the upper bound is the one of the key slot: a reader refuses more
      iterations: z.int().min(1).max(10_000_000).optional(),
      salt_size: z
        .int()
        .min(1)
        .max(1024)
        .multipleOf(8, { error: 'must be a number of bits, a multiple of 8' })
        .optional(),
    })
    .optional(),
  key_management: z
    .strictObject({
      source: z.enum(['file', 'environment', 'hsm']).optional(),
      file_path: pathText.optional(),
      environment_variable: variableName.optional(),
    })
    .optional(),
})

export const schedule = z.strictObject({
  enabled: flag.optional(),
  type: z.enum(['full', 'incremental', 'differential']).optional(),
  cron_expression: cron,
  retention_days: days.optional(),
  include_paths: paths.min(1).optional(),
  exclude_patterns: strings.optional(),
})

export const service = z.strictObject({
  type: z.enum(serviceTypes),
  include_paths: paths.min(1).optional(),
  exclude_patterns: strings.optional(),
  volume_paths: paths.min(1).optional(),
  one_file_system: flag.optional(),
  exclude_caches: flag.optional(),
  fixed_block_patterns: strings.optional(),
  fixed_block_kib: z.int().min(64).max(1024).multipleOf(4, { error: 'must be a multiple of 4' }).optional(),
  url_env_var: variableName.optional(),
  path_env_var: variableName.optional(),
  rpo_hours: z.number().positive().max(87_600).optional(),
  rto_minutes: z.number().positive().max(525_600).optional(),
})
export type ServiceConfiguration = z.infer<typeof service>

export const advancedScheduling = z.strictObject({
  adaptive_backup: z
    .strictObject({
      enabled: flag.optional(),
      change_threshold: z.number().positive().max(1).optional(),
      monitoring_paths: paths.optional(),
      max_frequency_minutes: z.int().min(1).optional(),
    })
    .optional(),
  event_driven: z
    .strictObject({
      enabled: flag.optional(),
      triggers: z
        .array(
          z.strictObject({
            type: z.enum(['file_change', 'pre_operation']),
            paths: paths.optional(),
            operations: strings.optional(),
            action: text.optional(),
          }),
        )
        .optional(),
    })
    .optional(),
})

const algorithm = (lowest: number, highest: number) =>
  z
    .strictObject({
      enabled: flag.optional(),
      compression_level: z.int().min(lowest).max(highest).optional(),
      speed_vs_size: z.enum(['speed_optimized', 'balanced', 'size_optimized']).optional(),
    })
    .optional()

export const compression = z.strictObject({
  default_algorithm: compressionName.optional(),
  algorithms: z
    .strictObject({
      zstd: algorithm(1, 19),
      gzip: algorithm(1, 9),
      bzip2: algorithm(1, 9),
      xz: algorithm(0, 9),
      '7z': z
        .strictObject({
          enabled: flag.optional(),
          compression_level: z.int().min(0).max(9).optional(),
          speed_vs_size: z.enum(['speed_optimized', 'balanced', 'size_optimized']).optional(),
          encryption: flag.optional(),
        })
        .optional(),
    })
    .optional(),
  thresholds: z
    .strictObject({ min_file_size_kb: z.number().min(0).optional(), compression_enabled: flag.optional() })
    .optional(),
})

export const retentionPolicy = z.strictObject({
  full_backup_retention_days: days.optional(),
  incremental_backup_retention_days: days.optional(),
  differential_backup_retention_days: days.optional(),
  monthly_snapshot_retention_days: days.optional(),
  retention_days: days.optional(),
  legal_hold_enabled: flag.optional(),
  immutable_backup: flag.optional(),
})

export const recovery = z.strictObject({
  verification_enabled: flag.optional(),
  parallel_restore_threads: threads.optional(),
  restore_validation: z
    .strictObject({
      checksum_verification: flag.optional(),
      file_integrity_check: flag.optional(),
      metadata_validation: flag.optional(),
    })
    .optional(),
  rollback_enabled: flag.optional(),
  point_in_time_recovery: z
    .strictObject({
      enabled: flag.optional(),
      granularity_minutes: z.int().min(1).optional(),
      log_retention_days: days.optional(),
    })
    .optional(),
})
