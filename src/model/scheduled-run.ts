import type { CreateOutcome } from './create.ts'
import type { DrillOutcome } from './drill.ts'

/** What a run of a schedule has done. */
export type ScheduledOutcome =
  | ({ readonly kind: 'create' } & CreateOutcome)
  | ({ readonly kind: 'drill' } & DrillOutcome)
