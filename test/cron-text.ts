import { type Cron, parseCron } from '../src/model/cron.ts'

/** A cron expression that a test knows to be right. */
export function cronOf(text: string): Cron {
  const reading = parseCron(text)
  if (reading.kind === 'problem') throw new Error(reading.problem.message)
  return reading.cron
}
