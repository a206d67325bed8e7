import type { Question, Questions } from '../model/console.ts'
import { BackupError } from '../model/errors.ts'

/** Questions of the engine, which wait until the console has somebody to ask. */
export interface OpenQuestions extends Questions {
  /** @throws E_KEY_MISSING where the person will not say. */
  askPassphrase(): Promise<string>
}

export function openQuestions(): OpenQuestions {
  let ask: ((question: Question) => void) | null = null
  let waiting: Question[] = []
  return {
    answerWith(next) {
      ask = next
      if (next === null) return
      const asked = waiting
      waiting = []
      for (const question of asked) next(question)
    },
    askPassphrase: () =>
      new Promise((resolve, reject) => {
        const question: Question = {
          kind: 'passphrase',
          answer: (text) => (text === '' ? reject(notSaid()) : resolve(text)),
          refuse: () => reject(notSaid()),
        }
        if (ask === null) waiting.push(question)
        else ask(question)
      }),
  }
}

function notSaid(): BackupError {
  return new BackupError('E_KEY_MISSING', 'no passphrase was given', 'type it, or set BACKUP_ENCRYPTION_KEY')
}
