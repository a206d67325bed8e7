import { dashboard } from './dashboard.tsx'
import type { AnyScreen } from './house/screen.ts'

/** Every screen that is built, those with a digit in its order. */
export const screens: readonly AnyScreen[] = [dashboard]
