import type { During } from '../../src/model/during.ts'
import type { Engine } from '../../src/model/engine.ts'
import type { FaultKind } from './faulty-files.ts'
import type { Tree, Witness } from './witness.ts'

/** Where a case takes place. All of it lies below one directory. */
export interface Place {
  readonly root: string
  readonly home: string
  /** What is backed up, and where a restore in place goes. */
  readonly source: string
  /** Where a restore goes that does not go in place. */
  readonly target: string
  /** Reached through a symlink only: nobody has any business here. */
  readonly outside: string
}

export interface Done {
  readonly exitCode: number
  /** Ids of what was made or deleted, in the order of the deed. */
  readonly backups?: readonly string[]
}

export type Act = (engine: Engine, place: Place, during: During) => Promise<Done>

/** What came of a deed: null where its process was killed. */
export interface Outcome extends Done {
  readonly backups: readonly string[]
  /** Of the error; null where there was none. */
  readonly code: string | null
  readonly message: string
  readonly warnings: readonly string[]
  /** File-system calls the deed made. */
  readonly calls: number
  /** Descriptors it left open. */
  readonly leaked: number
}
export type Answer = Outcome | null

/** What every case of an operation begins with. */
export interface Beginning {
  /** Ids in the order they were made. */
  readonly backups: readonly string[]
  /** What recover.py makes of each of them. */
  readonly stored: ReadonlyMap<string, Tree>
  readonly source: Tree
  /** Name, size and SHA-256 of each file of each backup. */
  readonly files: ReadonlyMap<string, readonly string[]>
  readonly catalog: string | null
}

export interface Evidence {
  readonly place: Place
  readonly before: Beginning
  /** Of the deed that met the fault. */
  readonly answer: Answer
  readonly witness: Witness
}

/** What the matrix does under every fault. To add one: a file in operations/, a line in its registry. */
export interface Operation {
  readonly name: string
  /** What is done, and over what, for the reader of docs/reliability.md. One sentence. */
  readonly about: string
  /** What the deed changes beside the repository: every case gets it anew. */
  readonly changes: readonly ('source' | 'target' | 'outside')[]
  /** Makes what every case begins with, without faults; gives the ids of the backups, oldest first. */
  prepare(engine: Engine, place: Place, during: During): Promise<readonly string[]>
  /** The deed. It runs in a process of its own, on a disk that fails. */
  readonly perform: Act
  /** What makes good afterwards; absent: the same deed once more. */
  readonly again?: Act
  /** What takes back afterwards what was made good; absent: nothing. */
  readonly back?: Act
  /** Faults that are tried; absent: all. */
  readonly kinds?: readonly FaultKind[]
  /** Backups that the deed may take away, out of the ids of `prepare`. */
  mayGo?(backups: readonly string[]): readonly string[]
  /** What a new backup must hold; absent: there may be no new one. */
  makes?(before: Beginning): Tree
  /** Where it may replace things: it may make safety backups of what was there before, and of nothing else. */
  saves?(place: Place): string
  /** What is wrong after the fault, over what is wrong with any operation. */
  judge?(evidence: Evidence): Promise<readonly string[]>
  /** The same after it was made good. */
  judgeAgain?(evidence: Evidence): Promise<readonly string[]>
  /** The same after it was taken back. */
  judgeBack?(evidence: Evidence): Promise<readonly string[]>
  /** Calls of which every one is tried even in the short run: where most is at stake. */
  readonly corners?: readonly { readonly calls: string; readonly kind: FaultKind }[]
}
