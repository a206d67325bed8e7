import {
  ifAny,
  ifEnabled,
  ifFalse,
  ifTrue,
  type KeyRow,
  noApi,
  noCopies,
  noMail,
  owner,
} from './configuration-answers.ts'

/** The rows of the sections that say how Holdfast is watched, tuned, connected and guarded. */
export const operationsRows: readonly KeyRow[] = [
  {
    key: 'monitoring.enabled',
    answer: ifTrue('notice'),
    text: 'has no effect: the daemon watches always, and `status` tells the same when asked',
  },
  {
    key: 'monitoring.metrics_collection',
    answer: 'notice',
    text: 'not supported yet, because no metrics are exported',
  },
  {
    key: 'monitoring.health_checks',
    answer: 'notice',
    text: 'has no effect: the daemon looks at the age of the backups, the catalog and the disk every quarter of an hour, whatever stands here; key and tools are checked by `doctor`, when asked',
  },
  {
    key: 'monitoring.logging.level',
    answer: 'effect',
    text: 'what the daemon logs: `DEBUG`, `INFO` (default), `WARNING`, or `ERROR` and `CRITICAL`, which are one',
  },
  {
    key: 'monitoring.logging.file_path',
    answer: 'effect',
    text: 'the daemon’s log goes there as well as to stdout, one JSON object a line; its directory must exist',
  },
  {
    key: 'monitoring.logging.rotation.size_mb',
    answer: 'effect',
    text: 'the log file becomes `file.1` before it grows beyond so many MiB, and `file.1` becomes `file.2`; default 100',
  },
  {
    key: 'monitoring.logging.rotation.backup_count',
    answer: 'effect',
    text: 'so many of them are kept; default 10; `0`: the full file is begun anew',
  },
  {
    key: 'monitoring.logging.sensitive_data_masking',
    answer: ifFalse('notice'),
    text: 'always done; `false` has no effect',
  },
  { key: 'alerts.alert_triggers', answer: ifAny('warning'), text: noMail },
  { key: 'notifications.channels.*', answer: ifEnabled('warning'), text: noMail },
  { key: 'notifications.event_triggers', answer: ifAny('warning'), text: noMail },

  {
    key: 'performance.threading.backup_threads',
    answer: 'effect',
    text: 'workers of a backup; each reads, hashes and compresses',
  },
  {
    key: 'performance.threading.compression_threads',
    answer: 'effect',
    text: 'workers of a backup, where `backup_threads` does not give them: the same workers read and compress',
  },
  { key: 'performance.threading.restore_threads', answer: 'effect', text: 'workers of a restore' },
  { key: 'performance.threading.verification_threads', answer: 'effect', text: 'workers of a verification' },
  {
    key: 'performance.resource_limits',
    answer: 'notice',
    text: 'not supported yet, because Holdfast does not throttle itself; use nice, ionice or a cgroup',
  },
  {
    key: 'performance.bandwidth_shaping',
    answer: ifEnabled('notice'),
    text: 'not supported yet, because nothing is sent over a network',
  },

  { key: 'integrations.cloud_storage.*', answer: ifEnabled('warning'), text: noCopies },
  {
    key: 'integrations.monitoring_tools.*',
    answer: ifEnabled('warning'),
    text: 'not supported yet, because no metrics are exported: a failure does not show there',
  },

  { key: 'api', answer: 'notice', text: noApi },
  { key: 'network_security', answer: 'notice', text: noApi },

  {
    key: 'file_security.backup_directory.path',
    answer: 'notice',
    text: 'has no effect, because the root is named by `storage.local.path`',
  },
  { key: 'file_security.backup_directory.owner', answer: 'notice', text: `${owner}; nobody else can read them` },
  { key: 'file_security.backup_directory.group', answer: 'notice', text: `${owner}; nobody else can read them` },
  {
    key: 'file_security.backup_directory.permissions',
    answer: (value) => (value === '700' || value === '0700' ? null : 'notice'),
    text: '`700` is what is done; other permissions have no effect: Holdfast keeps directories at 0700 and files at 0600',
  },
  {
    key: 'file_security.log_directory',
    answer: 'notice',
    text: 'not supported yet, because no log is written outside the root',
  },
  {
    key: 'file_security.config_directory',
    answer: 'warning',
    text: 'not supported yet, because Holdfast never changes who may read or write its configuration: set it with chown and chmod',
  },

  {
    key: 'compliance.standards.*',
    answer: ifEnabled('warning'),
    text: 'not supported yet, because no requirement of a standard is checked or reported, and no audit log is kept',
  },
  {
    key: 'compliance.retention_policies',
    answer: 'notice',
    text: 'not supported yet, because no audit log is kept: for how long backups are kept, `retention_policies` says',
  },

  { key: 'global_settings.company_name', answer: 'effect', text: 'shown by `doctor`' },
  {
    key: 'global_settings.default_timezone',
    answer: 'effect',
    text: 'the clock that schedules go by, where they name none of their own; default `UTC`. All other times are printed in UTC',
  },
  {
    key: 'global_settings.backup_retention_days',
    answer: 'effect',
    text: 'every backup is kept for so many days; `0`: the key says nothing',
  },
  {
    key: 'global_settings.encryption_enabled',
    answer: 'effect',
    text: 'as `encryption.enabled`; of values that differ, the more protective wins',
  },
  { key: 'metadata.version', answer: 'effect', text: 'shown by `doctor`' },
  { key: 'metadata.last_updated', answer: 'effect', text: 'shown by `doctor`' },
  { key: 'metadata.organization', answer: 'effect', text: 'shown by `doctor`' },
]
