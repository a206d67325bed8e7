import type { Alert } from '../../model/status.ts'
import type { DaemonGround, DaemonWorld } from './daemon-world.ts'

const lookEveryMs = 15 * 60_000
/** Runs change what is looked at, so that it is better looked at after them; but one may hang, and there may always be one. */
const lookBesideRunsMs = 60 * 60_000
/** What lasts is told again, so that a log of the last day shows it. */
const tellAgainMs = 24 * 60 * 60_000

/** Tells what needs a person when it begins, once a day while it lasts, and when it is over. */
export class AlertWatch {
  readonly #world: Pick<DaemonWorld, 'clock' | 'log'>
  #lookAt = Number.NEGATIVE_INFINITY
  #lookedAt: number
  #lasting = new Map<string, { readonly alert: Alert; readonly toldAt: number }>()

  constructor(world: Pick<DaemonWorld, 'clock' | 'log'>) {
    this.#world = world
    this.#lookedAt = world.clock.elapsed()
  }

  /** Something happened: the next look is not put off. */
  soon(): void {
    this.#lookAt = Number.NEGATIVE_INFINITY
  }

  async look(ground: Pick<DaemonGround, 'alerts'>, besideRuns: boolean): Promise<void> {
    const { clock, log } = this.#world
    const at = clock.elapsed()
    if (at < (besideRuns ? this.#lookedAt + lookBesideRunsMs : this.#lookAt)) return
    this.#lookedAt = at
    this.#lookAt = at + lookEveryMs
    const lasting = new Map<string, { alert: Alert; toldAt: number }>()
    for (const alert of await ground.alerts()) {
      const key = `${alert.kind} ${alert.subject ?? ''}`
      const before = this.#lasting.get(key)
      const isOld = before !== undefined && at < before.toldAt + tellAgainMs
      lasting.set(key, { alert, toldAt: isOld ? before.toldAt : at })
      if (!isOld) log.warning('alert', alert.message, fieldsOf(alert))
    }
    for (const [key, { alert }] of this.#lasting)
      if (!lasting.has(key)) log.info('alert-over', `over: ${alert.message}`, fieldsOf(alert))
    this.#lasting = lasting
  }
}

function fieldsOf({ kind, subject }: Alert) {
  return { alert: kind, subject }
}
