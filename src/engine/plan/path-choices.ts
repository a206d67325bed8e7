import { type BytePath, parentOf } from '../../model/path.ts'
import type { ConflictMode, PathChoice } from '../../model/restore.ts'

/**
 * What is decided for single paths, over the conflict mode that holds for all. A choice holds for its path and for all
 * that lies below it, up to the next choice.
 */
export class PathChoices {
  readonly #conflict: ConflictMode
  readonly #choices: ReadonlyMap<BytePath, PathChoice>
  readonly #unseen: Set<BytePath>

  constructor(conflict: ConflictMode, choices: ReadonlyMap<BytePath, PathChoice>) {
    this.#conflict = conflict
    this.#choices = choices
    this.#unseen = new Set(choices.keys())
    this.#unseen.delete('' as BytePath) // the root has no entry, and all lies below it
  }

  isSkipped(path: BytePath): boolean {
    return this.#chosen(path) === 'skip'
  }

  /** How a conflict at the path is met; `byHand` where that was chosen for it. Of a path that is skipped it says nothing. */
  conflictAt(path: BytePath): { readonly conflict: ConflictMode; readonly byHand: boolean } {
    const chosen = this.#chosen(path)
    if (chosen === null || chosen === 'restore' || chosen === 'skip') return { conflict: this.#conflict, byHand: false }
    return { conflict: chosen, byHand: true }
  }

  /** Hears every path there is. */
  see(path: BytePath): void {
    if (this.#unseen.size > 0) this.#unseen.delete(path)
  }

  /** Choices for paths that were not seen. */
  get unseen(): readonly BytePath[] {
    return [...this.#unseen]
  }

  #chosen(path: BytePath): PathChoice | null {
    if (this.#choices.size === 0) return null
    for (let at = path; ; at = parentOf(at)) {
      const choice = this.#choices.get(at)
      if (choice !== undefined) return choice
      if (at === '') return null
    }
  }
}
