import { activity } from './activity.tsx'
import { backups } from './backups.tsx'
import { cleanup } from './cleanup.tsx'
import { create } from './create.tsx'
import { dashboard } from './dashboard.tsx'
import { diff } from './diff.tsx'
import type { AnyScreen } from './house/screen.ts'
import { inspect } from './inspect.tsx'
import { restore } from './restore.tsx'
import { run } from './run.tsx'
import { schedule } from './schedule.tsx'
import { schedules } from './schedules.tsx'
import { settings } from './settings.tsx'
import { verify } from './verify.tsx'

/** Every screen that is built, those with a digit in its order. */
export const screens: readonly AnyScreen[] = [
  dashboard,
  backups,
  schedules,
  cleanup,
  verify,
  activity,
  settings,
  schedule,
  run,
  create,
  inspect,
  diff,
  restore,
]
