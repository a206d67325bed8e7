import { type Level, noCopies, noMail } from './configuration-answers.ts'
import type { VariableName } from './configuration-variables.ts'

/** What a flag of the environment says; null where it is not set. */
export type FlagLookUp = (name: VariableName) => boolean | null

export interface VariableRow {
  readonly name: VariableName
  readonly answer: 'effect' | Level | ((isTrue: FlagLookUp) => Level | null)
  readonly text: string
}

const ifOn =
  (name: VariableName): VariableRow['answer'] =>
  (isTrue) =>
    isTrue(name) === true ? 'warning' : null

export const variableRows: readonly VariableRow[] = [
  {
    name: 'BACKUP_ENCRYPTION_KEY',
    answer: 'effect',
    text: 'the key: 64 hex digits, or a passphrase. `encryption.key_management.environment_variable` can name another variable',
  },
  {
    name: 'BACKUP_DIR',
    answer: 'effect',
    text: 'the root of the repository; wins over `BACKUP_RECOVERY_STORAGE_PATH` with a notice where they differ',
  },
  { name: 'BACKUP_RECOVERY_STORAGE_PATH', answer: 'effect', text: 'the root of the repository' },
  { name: 'BACKUP_RECOVERY_ENCRYPTION_KEY_PATH', answer: 'effect', text: 'the key file' },
  { name: 'BACKUP_RECOVERY_COMPRESSION', answer: 'effect', text: '`zstd`, `gzip`, `bzip2`, `xz` or `none`' },
  { name: 'BACKUP_RECOVERY_VERIFICATION_ENABLED', answer: 'effect', text: 'as `recovery.verification_enabled`' },
  { name: 'BACKUP_RECOVERY_LOG_LEVEL', answer: 'effect', text: 'as `monitoring.logging.level`' },
  {
    name: 'BACKUP_RECOVERY_DATABASE_PATH',
    answer: 'notice',
    text: 'has no effect, because the catalog is metadata.json in the root and can be rebuilt from the archives',
  },
  {
    name: 'BACKUP_RECOVERY_RETENTION_DAYS',
    answer: 'effect',
    text: 'every backup is kept for so many days; `0`: it says nothing',
  },
  { name: 'BACKUP_RECOVERY_ALERT_EMAIL', answer: 'warning', text: noMail },
  {
    name: 'BACKUP_DAILY_ENABLED',
    answer: 'effect',
    text: 'asks for the schedule `daily`, an incremental backup of everything; one of that name in the file goes before it',
  },
  { name: 'BACKUP_DAILY_TIME', answer: 'effect', text: 'when `daily` runs, as a cron expression; default `0 2 * * *`' },
  {
    name: 'BACKUP_WEEKLY_ENABLED',
    answer: 'effect',
    text: 'asks for the schedule `weekly`, a full backup of everything; one of that name in the file goes before it',
  },
  {
    name: 'BACKUP_WEEKLY_TIME',
    answer: 'effect',
    text: 'when `weekly` runs, as a cron expression; default `0 3 * * 0`',
  },
  {
    name: 'BACKUP_MONTHLY_ENABLED',
    answer: 'effect',
    text: 'asks for the schedule `monthly`, a full backup of everything; one of that name in the file goes before it',
  },
  {
    name: 'BACKUP_MONTHLY_TIME',
    answer: 'effect',
    text: 'when `monthly` runs, as a cron expression; default `0 4 1 * *`',
  },
  { name: 'BACKUP_RETENTION_DAILY', answer: 'effect', text: 'the newest backup of each of so many days is kept' },
  { name: 'BACKUP_RETENTION_WEEKLY', answer: 'effect', text: 'the newest backup of each of so many weeks is kept' },
  { name: 'BACKUP_RETENTION_MONTHLY', answer: 'effect', text: 'the newest backup of each of so many months is kept' },
  { name: 'S3_ENABLED', answer: ifOn('S3_ENABLED'), text: noCopies },
  {
    name: 'S3_BACKUP_BUCKET',
    answer: (isTrue) => (isTrue('S3_ENABLED') === false ? 'notice' : 'warning'),
    text: noCopies,
  },
  { name: 'S3_BUCKET', answer: (isTrue) => (isTrue('S3_ENABLED') === false ? null : 'notice'), text: noCopies },
  { name: 'AWS_REGION', answer: (isTrue) => (isTrue('S3_ENABLED') === true ? 'notice' : null), text: noCopies },
  {
    name: 'JULES_AGENT_DIR',
    answer: 'effect',
    text: 'asks for a service `agent_state`: not supported yet, because its source is not built; a create that would include it ends with exit 3',
  },
]

/** Variables of the seed vocabulary that are read only where a key names them (`password_env_var` and the like). */
export const namedVariables: readonly { readonly name: string; readonly namedBy: string }[] = [
  { name: 'BACKUP_SFTP_PASSWORD', namedBy: 'storage.remote.password_env_var' },
  { name: 'AWS_ACCESS_KEY_ID', namedBy: 'storage.cloud.access_key_env_var' },
  { name: 'AWS_SECRET_ACCESS_KEY', namedBy: 'storage.cloud.secret_key_env_var' },
  { name: 'AZURE_ACCOUNT_KEY', namedBy: 'integrations.cloud_storage.*.account_key_env_var' },
  { name: 'SMTP_USERNAME', namedBy: 'notifications.channels.email.username_env_var' },
  { name: 'SMTP_PASSWORD', namedBy: 'notifications.channels.email.password_env_var' },
  { name: 'SLACK_WEBHOOK_URL', namedBy: 'notifications.channels.slack.webhook_url_env_var' },
  { name: 'DATADOG_API_KEY', namedBy: 'integrations.monitoring_tools.*.api_key_env_var' },
  { name: 'BACKUP_API_KEY', namedBy: 'api.authentication.api_key_env_var' },
]
