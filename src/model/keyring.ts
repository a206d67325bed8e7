import * as z from 'zod'
import { archiveIdSchema, sha256Hex, slotLimit } from './archive.ts'

/**
 * keys/keyring.json: who may open the repository.
 *
 * One random ring key; every member's slot wraps it, and every member's slot secret is sealed under it. One member's key
 * therefore opens the ring, and a backup can be wrapped for all members although only one is present.
 */
export const keyringMemberSchema = z.looseObject({
  kid: z.string().regex(/^[0-9a-f]{16}$/),
  type: z.string().max(32),
  label: z.string().max(200),
  created: z.iso.datetime(),
  /** Members in other states than `active` are kept and not used. */
  state: z.string().max(32),
  /** The member's slot, bound to ringId; parsed when it is used, so that one of an unknown type does no harm. */
  slot: z.looseObject({ t: z.string() }),
  sealedSecret: z.base64().min(80).max(1_500_000),
})
export type KeyringMember = z.infer<typeof keyringMemberSchema>

export const keyringSchema = z.looseObject({
  v: z.literal(1),
  /** Counts the changes. */
  gen: z.int().min(1),
  ringId: archiveIdSchema,
  keys: z.array(keyringMemberSchema).min(1).max(slotLimit),
  /** HMAC over the canonical JSON of everything else, under a key that only the ring key gives. */
  mac: sha256Hex,
})
export type Keyring = z.infer<typeof keyringSchema>
