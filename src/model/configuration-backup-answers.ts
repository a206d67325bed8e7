import {
  byTheClock,
  copySection,
  ifEnabled,
  ifFalse,
  ifOther,
  ifTrue,
  type KeyRow,
  noCopies,
} from './configuration-answers.ts'

/** The rows of the sections that say what is backed up, where to, how and how it comes back. */
export const backupRows: readonly KeyRow[] = [
  {
    key: 'services.*.type',
    answer: 'effect',
    text: '`files` is backed up; `postgres`, `redis`, `secrets`, `agent_state` and `docker_volume` are not supported yet, because their sources are not built: a create that would include one ends with exit 3',
  },
  {
    key: 'services.*.include_paths',
    answer: 'effect',
    text: 'what is backed up; a relative path is relative to the configuration file',
  },
  {
    key: 'services.*.exclude_patterns',
    answer: 'effect',
    text: 'gitignore patterns of what is left out; a leading `/` anchors one at the root of the file system',
  },
  {
    key: 'services.*.volume_paths',
    answer: 'effect',
    text: 'data volumes of the service: backed up beside `include_paths`, and left out by `create --no-volumes`',
  },
  {
    key: 'services.*.one_file_system',
    answer: 'effect',
    text: 'stay on the file system of each path; default `false`',
  },
  {
    key: 'services.*.exclude_caches',
    answer: 'effect',
    text: 'leave out directories marked with CACHEDIR.TAG; default `false`',
  },
  {
    key: 'services.*.fixed_block_patterns',
    answer: 'effect',
    text: 'gitignore patterns of files of 8 MiB and more that are written to in place and compared block by block; default: the usual disk images and database files; `[]` is none',
  },
  {
    key: 'services.*.fixed_block_kib',
    answer: 'effect',
    text: 'the size of those blocks, 64 to 1024; default 256',
  },
  {
    key: 'services.*.url_env_var',
    answer: 'effect',
    text: 'the variable that holds the address of a `postgres` or `redis` service',
  },
  {
    key: 'services.*.path_env_var',
    answer: 'effect',
    text: 'the variable that holds the directory of an `agent_state` service',
  },
  {
    key: 'services.*.rpo_hours',
    answer: 'effect',
    text: 'how old the newest backup may be before `status` calls it a problem; without it, what the schedules allow, else 25',
  },
  {
    key: 'services.*.rto_minutes',
    answer: 'effect',
    text: 'how long it may take to have the service back: a `drill` that takes longer has missed a limit (exit 3)',
  },

  {
    key: 'storage.type',
    answer: ifOther('warning', 'local'),
    text: '`local` is what is done; `remote`, `cloud` and `hybrid` are not supported yet, because the local root is the only destination that is built: nothing is copied',
  },
  {
    key: 'storage.local.path',
    answer: 'effect',
    text: 'the root of the repository; a relative path is relative to the configuration file',
  },
  {
    key: 'storage.local.retention_days',
    answer: 'effect',
    text: 'every backup is kept for so many days; `0`: the key says nothing. What no rule keeps goes: see Retention',
  },
  {
    key: 'storage.local.compression',
    answer: 'effect',
    text: 'the compression of new archives; wins over `compression.default_algorithm`',
  },
  {
    key: 'storage.local.encryption',
    answer: 'effect',
    text: 'as `encryption.enabled`; of values that differ, the more protective wins',
  },
  { key: 'storage.remote', answer: copySection, text: noCopies },
  { key: 'storage.cloud', answer: copySection, text: noCopies },
  { key: 'storage.hybrid', answer: copySection, text: noCopies },

  { key: 'encryption.enabled', answer: 'effect', text: 'whether archives are encrypted; default `true`' },
  {
    key: 'encryption.algorithm',
    answer: 'effect',
    text: 'must be `AES-256-GCM`, the only algorithm of the archive format; anything else is an error',
  },
  { key: 'encryption.key_size', answer: 'effect', text: 'must be 256; anything else is an error' },
  {
    key: 'encryption.key_derivation.algorithm',
    answer: 'effect',
    text: 'how a passphrase becomes a key: `scrypt` (default), `argon2id` or `PBKDF2`',
  },
  {
    key: 'encryption.key_derivation.iterations',
    answer: 'effect',
    text: 'rounds of PBKDF2; fewer than 600,000 are raised to 600,000 with a notice; scrypt and argon2id have parameters of their own',
  },
  {
    key: 'encryption.key_derivation.salt_size',
    answer: 'effect',
    text: 'bits of salt in a new key slot, a multiple of 8; fewer than 128 are raised to 128 with a notice',
  },
  {
    key: 'encryption.key_management.source',
    answer: 'effect',
    text: '`file` or `environment`; `hsm` is an error: not supported yet, because the connection to PKCS#11 tokens is not built',
  },
  {
    key: 'encryption.key_management.file_path',
    answer: 'effect',
    text: 'the key file; default `~/.config/holdfast/<repository>.key`',
  },
  {
    key: 'encryption.key_management.environment_variable',
    answer: 'effect',
    text: 'the variable that holds the key; default `BACKUP_ENCRYPTION_KEY`',
  },

  {
    key: 'compression.default_algorithm',
    answer: 'effect',
    text: '`zstd` (default), `gzip`, `bzip2`, `xz` or `none`; `7z` is an error: not supported yet, because its header is written last and an archive could not be streamed',
  },
  {
    key: 'compression.algorithms.*.enabled',
    answer: 'effect',
    text: '`false` forbids the algorithm as the default: naming it there is then an error',
  },
  {
    key: 'compression.algorithms.*.compression_level',
    answer: 'effect',
    text: 'zstd 1–19 (2), gzip 1–9 (6), bzip2 1–9 (9), xz 0–9 (6); in brackets the default',
  },
  {
    key: 'compression.algorithms.*.speed_vs_size',
    answer: 'effect',
    text: '`speed_optimized`, `balanced` or `size_optimized`: the level, where `compression_level` does not give it',
  },
  {
    key: 'compression.algorithms.7z',
    answer: ifEnabled('notice'),
    text: 'not supported yet, because its header is written last and an archive could not be streamed; only naming it as the default is an error',
  },
  {
    key: 'compression.thresholds.min_file_size_kb',
    answer: 'notice',
    text: 'has no effect, because frames pack small files together: a small file alone is never compressed',
  },
  { key: 'compression.thresholds.compression_enabled', answer: 'effect', text: '`false` is the compression `none`' },

  {
    key: 'schedules.*.cron_expression',
    answer: 'effect',
    text: 'when it is run by `holdfast --daemon`, on the clock of `global_settings.default_timezone`; `holdfast schedule list` shows it',
  },
  { key: 'schedules.*.type', answer: 'effect', text: 'the type of the backups it makes; default `full`' },
  { key: 'schedules.*.enabled', answer: 'effect', text: '`false`: it is listed, and not run by itself' },
  {
    key: 'schedules.*.include_paths',
    answer: 'effect',
    text: 'makes a service of the schedule’s name, of type `files`',
  },
  { key: 'schedules.*.exclude_patterns', answer: 'effect', text: 'the `exclude_patterns` of that service' },
  {
    key: 'schedules.*.retention_days',
    answer: 'effect',
    text: 'the backups that the schedule makes are kept for so many days',
  },
  {
    key: 'advanced_scheduling.adaptive_backup',
    answer: ifEnabled('warning'),
    text: `changes start no backup: ${byTheClock}`,
  },
  {
    key: 'advanced_scheduling.event_driven',
    answer: ifEnabled('warning'),
    text: `events start no backup: ${byTheClock}`,
  },

  {
    key: 'retention_policies.*',
    answer: 'effect',
    text: 'a policy: for the backups of the schedule of that name, else of the service of that name, else for all',
  },
  {
    key: 'retention_policies.*.retention_days',
    answer: 'effect',
    text: 'what the policy is for is kept for so many days, of whatever type',
  },
  {
    key: 'retention_policies.*.full_backup_retention_days',
    answer: 'effect',
    text: 'full backups are kept for so many days',
  },
  {
    key: 'retention_policies.*.incremental_backup_retention_days',
    answer: 'effect',
    text: 'incremental backups are kept for so many days',
  },
  {
    key: 'retention_policies.*.differential_backup_retention_days',
    answer: 'effect',
    text: 'differential backups are kept for so many days',
  },
  {
    key: 'retention_policies.*.monthly_snapshot_retention_days',
    answer: 'effect',
    text: 'the newest backup of each month is kept for so many days',
  },
  {
    key: 'retention_policies.*.legal_hold_enabled',
    answer: 'effect',
    text: 'no option of `cleanup` lets go what the policy keeps, and `delete` refuses it; without a number of days it keeps everything that it is for',
  },
  {
    key: 'retention_policies.*.immutable_backup',
    answer: ifTrue('warning'),
    text: 'not supported yet, because no destination with object lock is built: whoever can write the root can delete a backup',
  },
  {
    key: 'cleanup_schedule.cron_expression',
    answer: 'effect',
    text: 'when `holdfast --daemon` cleans up; default `0 5 * * 0` where a policy lets anything go, else never',
  },
  {
    key: 'cleanup_schedule.batch_size',
    answer: 'effect',
    text: 'so many backups are deleted at a time, before others may use their services; default 100',
  },
  {
    key: 'cleanup_schedule.grace_period_hours',
    answer: 'effect',
    text: 'what goes is marked first, and deleted by the first cleanup of the daemon so many hours later; default 24',
  },

  {
    key: 'recovery.verification_enabled',
    answer: 'effect',
    text: 'read each backup back before it counts as made; default `true`; `false` also keeps `status` from asking for verifications',
  },
  {
    key: 'recovery.parallel_restore_threads',
    answer: 'effect',
    text: 'workers of a restore; wins over `performance.threading.restore_threads`',
  },
  {
    key: 'recovery.restore_validation.checksum_verification',
    answer: ifFalse('notice'),
    text: 'always done: a file whose hash does not match is never put in place; `false` has no effect',
  },
  {
    key: 'recovery.restore_validation.file_integrity_check',
    answer: ifFalse('notice'),
    text: 'always done: nothing that fails authentication is put in place; `false` has no effect',
  },
  {
    key: 'recovery.restore_validation.metadata_validation',
    answer: ifFalse('notice'),
    text: 'always done: manifest and table of contents are authenticated first; `false` has no effect',
  },
  {
    key: 'recovery.rollback_enabled',
    answer: ifFalse('notice'),
    text: 'always done: what a restore replaces is saved before, unless it is asked for with --no-undo; `false` has no effect',
  },
  {
    key: 'recovery.point_in_time_recovery',
    answer: ifEnabled('warning'),
    text: 'not supported yet, because no database source is built: only whole backups can be gone back to',
  },
]
