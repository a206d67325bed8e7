import type { During } from '../../model/during.ts'
import type { RunEvent } from '../../model/event.ts'
import { choiceWarnings, type PlannedRestore } from '../../model/planned-restore.ts'

/** What is heard of a plan and of its applying, each thing once. */

/** For people the plan has told its notices already, a few lines above. */
export function withoutRepeats(plan: PlannedRestore, during: During): During {
  const told = new Set([...plan.notices, ...choiceWarnings(plan.chosen ?? null)])
  return {
    signal: during.signal,
    listen(event) {
      const isTold = 'message' in event && told.has(event.message)
      if (!isTold || (event.kind !== 'notice' && event.kind !== 'warning')) during.listen(event)
    },
  }
}

/** What planning tells is held back until the restore's own first event: a script takes the restore's id from that. */
export class PlanningEvents implements During {
  readonly signal: AbortSignal
  readonly #during: During
  readonly #holdsBack: boolean
  #held: RunEvent[] = []

  constructor(during: During, holdsBack: boolean) {
    this.signal = during.signal
    this.#during = during
    this.#holdsBack = holdsBack
  }

  listen(event: RunEvent): void {
    if (!this.#holdsBack) this.#during.listen(event)
    else if (event.kind === 'notice' || event.kind === 'warning') this.#held.push(event)
  }

  /** The listener of what follows, which hears what was held back after its own first event. */
  before(next: During): During {
    return {
      signal: next.signal,
      listen: (event) => {
        next.listen(event)
        const held = this.#held
        this.#held = []
        for (const one of held) next.listen(one)
      },
    }
  }
}
