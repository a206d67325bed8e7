import { BackupError } from '../../model/errors.ts'
import type { Files } from '../../model/ports.ts'
import type { OwnerRule } from '../../model/restore-plan.ts'
import { ownerRules } from '../plan/owner-map.ts'
import { readAccountIds } from '../platform/account-names.ts'

/** @throws E_USAGE for what is no mapping, for an unknown name, or where nobody but root could do it; E_IO. */
export function ownerRulesOf(
  world: { readonly files: Files; readonly uid: number },
  words: readonly string[],
): OwnerRule[] {
  if (words.length === 0) return []
  if (world.uid !== 0)
    throw new BackupError(
      'E_USAGE',
      `--map-owner needs root: user ${world.uid} may not give files to anybody else`,
      'run the restore as root, or leave --map-owner out',
    )
  return ownerRules(words, readAccountIds(world.files))
}
