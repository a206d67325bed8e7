import type { RunEvent } from '../../model/event.ts'
import { displayPath, pathFromBytes, printable } from '../../model/path.ts'
import { formatBytes, formatCount, formatCountdown, formatNumberOf } from '../../model/units.ts'
import type { Output } from './output.ts'

const redrawMs = 100
const rateWindowMs = 10_000
const warningLimit = 20

/** Tells a person what a run tells: a progress line that is redrawn, warnings as they come, the flood of them cut short. */
export class RunVoice {
  readonly #out: Output
  readonly #elapsed: () => number
  #phase = ''
  #drawnMs = Number.NEGATIVE_INFINITY
  #warnings = 0
  /** What was done when, over the last seconds, for the rate. */
  #samples: { atMs: number; bytes: number }[] = []

  constructor(out: Output, elapsed: () => number) {
    this.#out = out
    this.#elapsed = elapsed
  }

  hear(event: RunEvent): void {
    if (this.#out.json) {
      this.#out.event(event)
      return
    }
    switch (event.kind) {
      case 'phase':
        this.#phase = event.service === undefined ? event.phase : `${event.phase} ${printable(event.service)}`
        this.#samples = []
        this.#drawnMs = Number.NEGATIVE_INFINITY
        return
      case 'progress':
        this.#draw(event)
        return
      case 'notice':
        this.#out.notice(event.message)
        return
      case 'warning':
        if (++this.#warnings <= warningLimit) this.#out.warning(warningText(event))
        return
      case 'finished':
        this.#out.clearProgress()
        if (this.#warnings > warningLimit) {
          const more = formatNumberOf(this.#warnings - warningLimit, 'more warning')
          this.#out.warning(`and ${more}; the log of run ${event.run} has them all`)
        }
        return
      case 'started':
      case 'committed':
        return
    }
  }

  #draw(event: RunEvent & { kind: 'progress' }): void {
    if (!this.#out.drawsProgress) return
    const now = this.#elapsed()
    const last = this.#samples.at(-1)
    if (last === undefined || now - last.atMs >= redrawMs) this.#samples.push({ atMs: now, bytes: event.doneBytes })
    while (this.#samples.length > 1 && now - this.#samples[0]!.atMs > rateWindowMs) this.#samples.shift()
    if (now - this.#drawnMs < redrawMs) return
    this.#drawnMs = now
    this.#out.progress(progressLine(this.#phase, event, this.#rate(now, event.doneBytes)))
  }

  /** Bytes a second; null while it cannot be told. */
  #rate(now: number, bytes: number): number | null {
    const first = this.#samples[0]
    if (first === undefined || now - first.atMs < 500) return null
    return Math.max(0, ((bytes - first.bytes) * 1000) / (now - first.atMs))
  }
}

function progressLine(phase: string, event: RunEvent & { kind: 'progress' }, rate: number | null): string {
  const { doneBytes, totalBytes, doneEntries } = event
  const parts = [phase === '' ? 'working' : phase]
  // The total may be an estimate; once it is passed it says nothing any more. 100 % is for what is done.
  if (totalBytes !== null && totalBytes > 0 && doneBytes <= totalBytes) {
    parts.push(`${Math.min(99, Math.floor((doneBytes * 100) / totalBytes))} %`)
    parts.push(`${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`)
  } else {
    parts.push(formatBytes(doneBytes))
  }
  if (rate !== null) parts.push(`${formatBytes(rate)}/s`)
  if (rate !== null && rate > 0 && totalBytes !== null && totalBytes > doneBytes)
    parts.push(`ETA ${formatCountdown(((totalBytes - doneBytes) * 1000) / rate)}`)
  if (doneEntries > 0) parts.push(`${formatCount(doneEntries)} entries`)
  return parts.join('  ')
}

function warningText({ message, path, pathB64 }: RunEvent & { kind: 'warning' }): string {
  if (pathB64 !== undefined) return `${displayPath(pathFromBytes(Buffer.from(pathB64, 'base64')))}: ${message}`
  return path === undefined ? message : `${printable(path)}: ${message}`
}
