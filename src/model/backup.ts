import * as z from 'zod'
import { archiveIdSchema, sha256Hex } from './archive.ts'
import { compressions } from './format.ts'

export const backupTypes = ['full', 'incremental', 'differential', 'service', 'safety'] as const
export type BackupType = (typeof backupTypes)[number]

/** `2026-11-20T02-00-00Z-full-7f3k`: also the name of the backup's directory under archives/. */
export const backupIdSchema = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-[a-z]+-[a-z0-9]{4,16}$/)

const offset = z.int().min(0)

export const manifestArchiveSchema = z.looseObject({
  file: z.string().regex(/^[^/\0]+$/),
  id: archiveIdSchema,
  service: z.string(),
  size: offset,
  payloadSha256: sha256Hex,
  comp: z.enum(compressions),
  root: z.tuple([offset, offset, offset, offset]),
  deps: z.array(z.string()),
})
export type ManifestArchive = z.infer<typeof manifestArchiveSchema>

/** What an operator may know with the key: sealed in the manifest, or in clear where the repository is not encrypted. */
export const manifestDetailsSchema = z.looseObject({
  description: z.string(),
  host: z.string(),
  user: z.string(),
  tool: z.string(),
  durationMs: z.number(),
  /** What is missing or torn: with one, the backup is incomplete. */
  warnings: offset,
  services: z.array(
    z.looseObject({
      name: z.string(),
      type: z.string(),
      paths: z.array(z.string()),
      files: offset,
      entries: offset,
      bytes: offset,
      storedBytes: offset,
      reusedBytes: offset,
      skipped: z.record(z.string(), offset),
      git: z.array(
        z.looseObject({
          path: z.string(),
          remote: z.string().nullable(),
          branch: z.string().nullable(),
          commit: z.string().nullable(),
        }),
      ),
    }),
  ),
})
export type ManifestDetails = z.infer<typeof manifestDetailsSchema>

export const sealedSchema = z.looseObject({ slots: z.array(z.unknown()).max(32), box: z.base64() })

/** A schedule, and the instant of it that a backup stands for: no instant has two. */
export const scheduledBySchema = z.looseObject({ id: z.string().min(1), at: z.iso.datetime() })
export type ScheduledBy = z.infer<typeof scheduledBySchema>

export const manifestSchema = z.looseObject({
  v: z.literal(1),
  id: backupIdSchema,
  createdAt: z.iso.datetime(),
  type: z.enum(backupTypes),
  archives: z.array(manifestArchiveSchema).min(1),
  deps: z.array(z.string()),
  /** The backup it was compared with; absent in one that stands alone. */
  base: backupIdSchema.optional(),
  /** Absent in one made by hand. */
  schedule: scheduledBySchema.optional(),
  sealed: sealedSchema.optional(),
  details: manifestDetailsSchema.optional(),
})
export type Manifest = z.infer<typeof manifestSchema>

/** `pin.json` beside a manifest: neither a cleanup nor `delete` takes the backup. */
export const pinSchema = z.looseObject({
  v: z.literal(1),
  at: z.iso.datetime(),
  /** Who pinned it: user@host. */
  by: z.string(),
  /** Null for a pin that anybody may take off. */
  legalHold: z.string().min(1).nullable(),
})
export type Pin = z.infer<typeof pinSchema>

/** One line of the catalog: what a list shows. `null` where only the key would tell. */
export const catalogEntrySchema = z.looseObject({
  id: backupIdSchema,
  type: z.enum(backupTypes),
  createdAt: z.iso.datetime(),
  description: z.string().nullable(),
  services: z.array(z.string()),
  base: z.string().nullable(),
  deps: z.array(z.string()),
  sizeBytes: offset,
  /** Bytes of the source's content, before compression; null where only the key would tell. */
  bytes: offset.nullable(),
  reusedBytes: offset.nullable(),
  files: offset.nullable(),
  warnings: offset.nullable(),
  durationMs: z.number().nullable(),
  encrypted: z.boolean(),
  pinned: z.boolean(),
  /** Why the law holds it; null, or absent in older catalogs, where it does not. */
  legalHold: z.string().nullable().optional(),
  verified: z.looseObject({ level: z.string(), at: z.iso.datetime(), ok: z.boolean() }).nullable(),
  /** Null, or absent in older catalogs, for one made by hand. */
  schedule: scheduledBySchema.nullable().optional(),
  /** Since when a policy lets it go; null or absent while none does. */
  expiringSince: z.iso.datetime().nullable().optional(),
  /** Its deletion has begun: that its directory is gone is no trouble, and the next cleanup finishes it. */
  deleting: z.literal(true).optional(),
  /** Listed, but its directory is gone from archives/. */
  missing: z.boolean().optional(),
})
export type CatalogEntry = z.infer<typeof catalogEntrySchema>

export const catalogSchema = z.looseObject({
  v: z.literal(1),
  gen: offset,
  backups: z.array(catalogEntrySchema),
  crc: z.string(),
})
export type Catalog = z.infer<typeof catalogSchema>
