import { type BytePath, pathFromText, storedPathOf } from '../../model/path.ts'
import type { RestoreOptions } from '../../model/planned-restore.ts'
import { type ConflictMode, conflictModes, type PathChoice } from '../../model/restore.ts'
import { quoted, suggestion, usage } from './given.ts'

/** `--on-conflict`: a mode for all, and `PATH=MODE` for a path and all below it. */

const pathModes = [...conflictModes, 'skip'] as const

/** @throws E_USAGE for a mode that is none, and where two hold for the same. */
export async function conflictFrom(
  words: readonly string[],
): Promise<Pick<RestoreOptions, 'conflict'> & { readonly choices?: ReadonlyMap<BytePath, PathChoice> }> {
  let conflict: ConflictMode | null = null
  const choices = new Map<BytePath, PathChoice>()
  for (const word of words) {
    const at = word.lastIndexOf('=')
    const mode = await oneOf(at < 0 ? conflictModes : pathModes, word.slice(at + 1))
    if (at < 0) {
      if (conflict !== null)
        throw usage('--on-conflict is given twice for all paths', 'write PATH=MODE for one of them')
      conflict = mode === 'skip' ? null : mode
      continue
    }
    const path = storedPathOf(pathFromText(word.slice(0, at).replace(/\/+$/, '')))
    if (path === '') throw usage(`--on-conflict ${quoted(word)} names no path below /`, 'leave PATH= out for all paths')
    if (choices.has(path)) throw usage(`--on-conflict names ${quoted(word.slice(0, at))} twice`, 'give it once')
    choices.set(path, mode)
  }
  return choices.size === 0 ? { conflict } : { conflict, choices }
}

async function oneOf<Mode extends string>(modes: readonly Mode[], word: string): Promise<Mode> {
  const mode = modes.find((one) => one === word)
  if (mode !== undefined) return mode
  const meant = await suggestion(word, modes)
  throw usage(
    `--on-conflict cannot be ${quoted(word)}${meant}`,
    `it is one of ${modes.join(', ')}, or PATH=one of them`,
  )
}
