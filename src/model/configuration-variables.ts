import * as z from 'zod'
import { compressionName, cron, logLevels, pathText, text } from './configuration-values.ts'

/** The environment variables that Holdfast reads, and what each may say. */

const trueWords = ['true', '1', 'yes', 'on']
const falseWords = ['false', '0', 'no', 'off']

const flagText = z.string().refine((word) => [...trueWords, ...falseWords].includes(word.toLowerCase()), {
  error: 'must be true or false',
})
const countText = z.string().regex(/^\d{1,5}$/, { error: 'must be a whole number' })

/** True where a flag's text says yes. */
export function isTrueWord(word: string): boolean {
  return trueWords.includes(word.toLowerCase())
}

/** What an environment variable may say. The ones that only other sections name (passwords and the like) are not read here. */
export const variableSchemas = {
  BACKUP_ENCRYPTION_KEY: z.string().refine((key) => key !== '<64-char-hex-key>', {
    error: 'still holds the placeholder of its documentation',
  }),
  BACKUP_DIR: pathText,
  BACKUP_RECOVERY_STORAGE_PATH: pathText,
  BACKUP_RECOVERY_LOG_LEVEL: z.string().refine((level) => logLevels.some((known) => known === level.toUpperCase()), {
    error: `must be one of ${logLevels.join(', ')}`,
  }),
  BACKUP_RECOVERY_DATABASE_PATH: pathText,
  BACKUP_RECOVERY_ENCRYPTION_KEY_PATH: pathText,
  BACKUP_RECOVERY_RETENTION_DAYS: countText,
  BACKUP_RECOVERY_COMPRESSION: compressionName,
  BACKUP_RECOVERY_VERIFICATION_ENABLED: flagText,
  BACKUP_RECOVERY_ALERT_EMAIL: z.string().regex(/^[^\s@]+@[^\s@]+$/, { error: 'must be an e-mail address' }),
  BACKUP_DAILY_ENABLED: flagText,
  BACKUP_DAILY_TIME: cron,
  BACKUP_WEEKLY_ENABLED: flagText,
  BACKUP_WEEKLY_TIME: cron,
  BACKUP_MONTHLY_ENABLED: flagText,
  BACKUP_MONTHLY_TIME: cron,
  BACKUP_RETENTION_DAILY: countText,
  BACKUP_RETENTION_WEEKLY: countText,
  BACKUP_RETENTION_MONTHLY: countText,
  S3_BACKUP_BUCKET: text,
  S3_ENABLED: flagText,
  S3_BUCKET: text,
  AWS_REGION: text,
  JULES_AGENT_DIR: pathText,
} as const satisfies Record<string, z.ZodType<string>>
export type VariableName = keyof typeof variableSchemas
