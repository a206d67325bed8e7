/** The keys that open the repository. */

export interface KeyDescription {
  readonly kid: string
  readonly type: string
  readonly label: string
  readonly created: string
  /** The key at hand now. */
  readonly current: boolean
}

export interface KeysAddOptions {
  readonly label: string
  readonly key:
    | { readonly kind: 'new-file'; readonly path: string }
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'variable'; readonly name: string }
    | { readonly kind: 'passphrase'; readonly text: string }
}

export interface KeysAddResult {
  readonly exitCode: number
  readonly kid: string
  readonly type: string
  readonly file: string | null
  /** Archives whose headers were rewritten so that the new key opens them too. */
  readonly archives: number
  readonly problems: readonly string[]
}
