/** Restores that can be taken back. */

export const undoStates = ['running', 'interrupted', 'restored', 'half-undone', 'undone', 'expired'] as const
/**
 * `interrupted`: not all of it was done; the same restore goes on with it, undo takes it back. `half-undone`: its undo
 * was not done to the end; undo goes on with it. `expired`: what was saved before it is gone.
 */
export type UndoState = (typeof undoStates)[number]

export interface UndoableRestore {
  readonly id: string
  /** When it began, ISO 8601 UTC. */
  readonly at: string
  readonly backup: string
  /** As people read it. */
  readonly target: string
  readonly inPlace: boolean
  /** Backups of what it has replaced or deleted. */
  readonly safety: readonly string[]
  readonly state: UndoState
}

/** One whose record is there and cannot be read: it cannot be taken back, though its safety backup can be restored. */
export interface UnreadableRestore {
  readonly id: string
  readonly state: 'unreadable'
  /** Why, in a sentence. */
  readonly problem: string
}

export type ListedRestore = UndoableRestore | UnreadableRestore

export interface UndoOptions {
  /** Its id, or a unique part of it of four or more characters; null is the one that began last and is not taken back. */
  readonly restore: string | null
  readonly workers: number | null
}
