import { activity } from './activity.tsx'
import { backups } from './backups.tsx'
import { dashboard } from './dashboard.tsx'
import type { AnyScreen } from './house/screen.ts'
import { restore } from './restore.tsx'
import { run } from './run.tsx'
import { settings } from './settings.tsx'

/** Every screen that is built, those with a digit in its order. */
export const screens: readonly AnyScreen[] = [dashboard, backups, activity, settings, run, restore]
