import * as z from 'zod'
import {
  flag,
  logLevels,
  pathText,
  permissions,
  port,
  share,
  strings,
  text,
  threads,
  url,
  variableName,
} from './configuration-values.ts'

/** The sections that say how Holdfast is watched, tuned, connected and guarded. */

export const monitoring = z.strictObject({
  enabled: flag.optional(),
  metrics_collection: z
    .strictObject({ collection_interval_minutes: z.int().min(1).optional(), metrics: strings.optional() })
    .optional(),
  health_checks: z
    .strictObject({
      storage_connectivity: flag.optional(),
      backup_service_availability: flag.optional(),
      encryption_functionality: flag.optional(),
      catalog_integrity: flag.optional(),
    })
    .optional(),
  logging: z
    .strictObject({
      level: z.enum(logLevels).optional(),
      file_path: pathText.optional(),
      rotation: z
        .strictObject({ size_mb: z.number().positive().optional(), backup_count: z.int().min(0).optional() })
        .optional(),
      sensitive_data_masking: flag.optional(),
    })
    .optional(),
})

export const alerts = z.strictObject({
  alert_triggers: z
    .array(
      z.strictObject({
        name: text,
        condition: text.optional(),
        severity: z.enum(['low', 'medium', 'high', 'critical']).optional(),
        recipients: strings.optional(),
        notification_method: strings.optional(),
      }),
    )
    .optional(),
})

export const notifications = z.strictObject({
  channels: z
    .strictObject({
      email: z
        .strictObject({
          enabled: flag.optional(),
          smtp_server: text.optional(),
          smtp_port: port.optional(),
          username_env_var: variableName.optional(),
          password_env_var: variableName.optional(),
          sender_email: text.optional(),
        })
        .optional(),
      slack: z
        .strictObject({
          enabled: flag.optional(),
          webhook_url_env_var: variableName.optional(),
          channel: text.optional(),
        })
        .optional(),
      dashboard: z.strictObject({ enabled: flag.optional(), url: url.optional() }).optional(),
    })
    .optional(),
  event_triggers: z
    .array(
      z.strictObject({
        name: text,
        condition: text.optional(),
        recipients: strings.optional(),
        channels: strings.optional(),
      }),
    )
    .optional(),
})

export const performance = z.strictObject({
  resource_limits: z
    .strictObject({
      cpu_percentage: share.optional(),
      memory_percentage: share.optional(),
      disk_io_percentage: share.optional(),
      network_bandwidth_limit_mbps: z.number().positive().optional(),
    })
    .optional(),
  threading: z
    .strictObject({
      backup_threads: threads.optional(),
      restore_threads: threads.optional(),
      verification_threads: threads.optional(),
      compression_threads: threads.optional(),
    })
    .optional(),
  bandwidth_shaping: z
    .strictObject({ enabled: flag.optional(), throttling_schedule: z.record(z.string(), text).optional() })
    .optional(),
})

export const integrations = z.strictObject({
  cloud_storage: z
    .array(
      z.strictObject({
        name: text,
        enabled: flag.optional(),
        region: text.optional(),
        bucket: text.optional(),
        access_key_env_var: variableName.optional(),
        secret_key_env_var: variableName.optional(),
        account_name: text.optional(),
        container: text.optional(),
        account_key_env_var: variableName.optional(),
        credentials_path: pathText.optional(),
      }),
    )
    .optional(),
  monitoring_tools: z
    .array(
      z.strictObject({
        name: text,
        enabled: flag.optional(),
        endpoint: url.optional(),
        push_gateway: url.optional(),
        api_key_env_var: variableName.optional(),
        site: text.optional(),
      }),
    )
    .optional(),
})

export const api = z.strictObject({
  host: text.optional(),
  port: port.optional(),
  ssl: z
    .strictObject({ enabled: flag.optional(), cert_path: pathText.optional(), key_path: pathText.optional() })
    .optional(),
  authentication: z
    .strictObject({ enabled: flag.optional(), method: text.optional(), api_key_env_var: variableName.optional() })
    .optional(),
  rate_limiting: z
    .strictObject({
      enabled: flag.optional(),
      requests_per_minute: z.int().min(1).optional(),
      burst_capacity: z.int().min(1).optional(),
    })
    .optional(),
})

export const networkSecurity = z.strictObject({
  firewall: z.strictObject({ enabled: flag.optional(), allowed_ips: strings.optional() }).optional(),
  tls: z
    .strictObject({ enabled: flag.optional(), min_version: text.optional(), cipher_suites: strings.optional() })
    .optional(),
  authentication: z.strictObject({ require_client_cert: flag.optional(), require_api_key: flag.optional() }).optional(),
})

export const securedDirectory = z
  .strictObject({
    path: pathText.optional(),
    owner: text.optional(),
    group: text.optional(),
    permissions: permissions.optional(),
  })
  .optional()
