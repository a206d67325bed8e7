import { type Slot, slotLimit, slotSchema } from '../../model/archive.ts'
import { damaged } from '../../model/errors.ts'

export interface SlotList {
  /** Slots this version can use, within its caps. */
  readonly slots: readonly Slot[]
  /** All slots as they were written, to be kept when the list is rewritten. */
  readonly written: readonly unknown[]
  /** Type of every slot, unknown ones too, for messages. */
  readonly types: readonly string[]
}

/**
 * A slot of an unknown type, with parameters over the caps or with a wrap of the wrong length is not used, and nothing
 * is computed for it. Throws E_DAMAGED for what is no list and for more than 32 slots.
 */
export function parseSlots(value: unknown, what: string): SlotList {
  if (!Array.isArray(value)) throw damaged(`${what} has no list of key slots`)
  if (value.length > slotLimit) throw damaged(`${what} has ${value.length} key slots, more than ${slotLimit}`)
  const slots: Slot[] = []
  const types: string[] = []
  for (const written of value) {
    const parsed = slotSchema.safeParse(written)
    if (parsed.success) slots.push(parsed.data)
    types.push(parsed.success ? parsed.data.t : `unusable ${typeName(written)}`)
  }
  return { slots, written: value, types }
}

/** A type as it may be shown: it comes from a file that nobody has authenticated yet. */
function typeName(written: unknown): string {
  const type = typeof written === 'object' && written !== null && 't' in written ? written.t : undefined
  return typeof type === 'string' && /^[a-z0-9-]{1,32}$/.test(type) ? type : 'slot'
}
