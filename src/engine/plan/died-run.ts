import type { RunKind } from '../../model/event.ts'

/**
 * What it means that a run's process ended without a word, for people: what is as it was, what is not, what to do.
 * `committed` is the backup it had told of, null where it had not.
 */
export function meaningOfDeath(kind: RunKind, committed: string | null): string {
  switch (kind) {
    case 'create':
    case 'consolidate':
      return committed === null
        ? 'it told of no backup: one that is listed is whole, and nothing half-done is visible; what it left in temp/ is removed by the next run'
        : `its backup ${committed} was made before and is whole; what it left in temp/ is removed by the next run`
    case 'restore':
      return 'what it had restored is whole and stays, the rest is as it was; attributes of directories may be missing; its temporary files (.hf-…) are removed by the next run; the same restore again goes on with it, and undo takes it back'
    case 'undo':
      return 'what it had put back stays, the rest is as the restore left it; what had changed since is saved; undo the same restore again: what is done already counts as unchanged'
    case 'verify':
      return 'it changed nothing, and what it had found out is lost; verify again'
    case 'drill':
      return 'it changed nothing, and what it had found out is lost; what it restored is removed by the next run, but a check it had started may still run; drill again'
    case 'delete':
      return 'the backup is whole and listed, or gone from archives/; what it left in temp/ is removed by the next run; if the list calls it missing: holdfast rebuild'
    case 'cleanup':
      return 'each backup that was to go is whole and listed, or gone from list and disk alike; the next cleanup goes on where it ended'
    case 'rebuild':
      return 'metadata.json is the old one or the new one, never half of it; run it again'
    case 'pin':
    case 'unpin':
      return 'the backup is pinned or it is not: the list tells, and doing it again does no harm'
    case 'keys-add':
      return 'the new key may not open every backup yet; add it again'
  }
}
