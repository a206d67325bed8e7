/** The passphrase a person typed here, asked for once and kept for the jobs that need it too. */
export interface TypedPassphrase {
  /** The one that was typed, or what a person types now; empty where there is nobody, or nothing was typed. */
  ask(): Promise<string>
  /** It was wrong: the next one who needs it asks again. */
  forget(): void
}

export function rememberPassphrase(askPerson: (() => Promise<string>) | null): TypedPassphrase {
  let typed = ''
  return {
    async ask() {
      if (typed === '' && askPerson !== null) typed = await askPerson()
      return typed
    },
    forget() {
      typed = ''
    },
  }
}
