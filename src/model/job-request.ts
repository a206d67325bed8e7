import * as z from 'zod'
import { compressions } from './format.ts'
import type { JobRequest } from './jobs.ts'
import { retentionCountsSchema } from './retention.ts'
import { backupScheduleTypes } from './schedule.ts'
import { verifyLevels } from './verify-level.ts'

/** A job's request as it comes over the pipe. */

const texts = z.array(z.string()).readonly()
const workers = z.int().min(1).nullable()

const scheduledBy = z.strictObject({ id: z.string().min(1), at: z.iso.datetime() }).optional()

const createOptionsSchema = z.strictObject({
  type: z.enum(backupScheduleTypes),
  paths: texts,
  services: texts,
  description: z.string(),
  compression: z.enum(compressions).nullable(),
  exclude: texts,
  excludeCaches: z.boolean(),
  oneFileSystem: z.boolean(),
  withoutVolumes: z.boolean(),
  paranoid: z.boolean(),
  acceptEmpty: z.boolean(),
  estimate: z.boolean(),
  schedule: scheduledBy,
})

const verifyOptionsSchema = z.strictObject({
  backups: z.array(z.string().min(1)).min(1).readonly().nullable(),
  level: z.enum(verifyLevels),
  workers,
})

const drillOptionsSchema = z.strictObject({
  backup: z.string().min(1),
  services: texts,
  check: z.strictObject({ command: z.string().min(1), timeoutMs: z.number().positive() }).nullable(),
  keep: z.boolean(),
  scratch: z.string().nullable(),
  workers,
  schedule: scheduledBy,
})

const cleanupOrderSchema = z.strictObject({
  rules: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('configured') }),
    z.strictObject({
      kind: z.literal('by-hand'),
      counts: retentionCountsSchema.nullable(),
      graceHours: z.number().min(0),
    }),
  ]),
  only: texts.nullable(),
})

export const jobRequestSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('create'), options: createOptionsSchema }),
  z.strictObject({
    kind: z.literal('restore'),
    plan: z.string().min(1),
    ttlMs: z.number().min(0).nullable(),
    workers,
    removePlan: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('verify'), options: verifyOptionsSchema }),
  z.strictObject({ kind: z.literal('drill'), options: drillOptionsSchema }),
  z.strictObject({ kind: z.literal('consolidate'), backup: z.string().min(1) }),
  z.strictObject({ kind: z.literal('delete'), backup: z.string().min(1) }),
  z.strictObject({ kind: z.literal('cleanup'), order: cleanupOrderSchema }),
  z.strictObject({ kind: z.literal('schedule'), id: z.string().min(1) }),
]) satisfies z.ZodType<JobRequest>
