import * as z from 'zod'
import { archiveKinds, compressions } from './format.ts'

/** What stands as JSON in an archive: header, slots, root. docs/format.md. */

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`))
export const sha256Hex = hex(64)
export const archiveIdSchema = hex(32)

const symmetricWrap = z.base64().length(80)
const salt = z.base64().min(24).max(192)

/** One way to unwrap the data key. Unknown types are kept but never used. */
export const slotSchema = z.discriminatedUnion('t', [
  z.looseObject({ t: z.literal('raw'), kid: hex(16), w: symmetricWrap }),
  z.looseObject({ t: z.literal('keyfile'), kid: hex(16), w: symmetricWrap }),
  z.looseObject({
    t: z.literal('scrypt'),
    kid: hex(16).optional(),
    n: z.int().min(1).max(20),
    r: z.int().min(1).max(16),
    p: z.int().min(1).max(8),
    s: salt,
    w: symmetricWrap,
  }),
  z.looseObject({
    t: z.literal('argon2id'),
    kid: hex(16).optional(),
    m: z.int().min(8).max(2_097_152),
    i: z.int().min(1).max(64),
    p: z.int().min(1).max(16),
    s: salt,
    w: symmetricWrap,
  }),
  z.looseObject({
    t: z.literal('pbkdf2'),
    kid: hex(16).optional(),
    h: z.literal('sha256'),
    i: z.int().min(1).max(10_000_000),
    s: salt,
    w: symmetricWrap,
  }),
])
export type Slot = z.infer<typeof slotSchema>
export type SlotType = Slot['t']
export const slotLimit = 32

/** The public part of an encrypted archive's header: immutable for the archive's life, readable without a key. */
export const pubSchema = z.looseObject({
  fmt: z.literal('BKA1'),
  id: archiveIdSchema,
  created: z.iso.datetime(),
  kind: z.enum(archiveKinds),
  tenant: z.string(),
  profile: z.enum(['self', 'shred']),
  set: z.string(),
  deps: z.array(z.string()).max(64),
  comp: z.enum(compressions),
  loc: z.int(),
  enc: z.looseObject({
    alg: z.literal('tink-aes256-gcm-hkdf-sha256'),
    seg: z
      .int()
      .min(57)
      .max(1 << 24),
  }),
  commit: sha256Hex,
})
export type Pub = z.infer<typeof pubSchema>

/** A path as it stands in JSON: text, or base64 where its bytes are not UTF-8. */
const jsonPath = z.union([z.string(), z.object({ pb: z.base64() })])

const offset = z.int().min(0)
const pageSchema = z.union([
  z.tuple([jsonPath, offset, offset, offset, sha256Hex]),
  z.tuple([jsonPath, offset, offset, offset, sha256Hex, offset]),
])

/** root.json: the last thing in an archive and the first thing a reader wants. */
export const rootSchema = z.looseObject({
  v: z.literal(1),
  id: archiveIdSchema,
  ord: z.int().min(1),
  kind: z.enum(archiveKinds),
  deps: z
    .array(z.looseObject({ i: z.int().min(1), id: archiveIdSchema, file: z.string(), size: offset, root: sha256Hex }))
    .max(64),
  prev: z.looseObject({ id: archiveIdSchema, root: sha256Hex }).nullable(),
  source: z.looseObject({
    paths: z.array(jsonPath),
    exclude: z.array(z.string()).optional(),
    excludeCaches: z.boolean().optional(),
    oneFileSystem: z.boolean().optional(),
  }),
  service: z.looseObject({ name: z.string(), type: z.string() }),
  toc: z.looseObject({ n: offset, raw: offset, pages: z.array(pageSchema) }),
  frames: z.looseObject({ n: offset, at: z.tuple([offset, offset]) }),
  stats: z.looseObject({ files: offset, bytes: offset, warnings: offset }),
  compat: z.array(z.string()),
  incompat: z.array(z.string()),
})
export type Root = z.infer<typeof rootSchema>
