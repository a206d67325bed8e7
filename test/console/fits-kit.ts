import { expect } from 'vitest'
import { escapeKey } from '../../src/terminal/key-split.ts'
import { misfits, openConsole, type Setting } from './harness.tsx'

/** Terminals in which everything must fit. */
export const terminals = [
  [60, 16],
  [80, 24],
  [100, 30],
  [200, 60],
] as const

/** What leads somewhere, from the dashboard. */
export type Way = readonly [name: string, keys: readonly string[]]

/** Goes all these ways, and finds nothing that does not fit, or that a terminal would obey. */
export async function expectFits(setting: Setting, ways: readonly Way[]): Promise<void> {
  const console = await openConsole(setting)
  for (const [name, keys] of ways) {
    for (const packet of keys) await console.keys(packet)
    for (const [columns, rows] of terminals) {
      await console.resize(columns, rows)
      const frame = console.frame()
      const at = `${name} at ${columns}x${rows}`
      expect({ at, misfits: misfits(frame, columns, rows) }).toEqual({ at, misfits: [] })
      expect({ at, frame }).toEqual({ at, frame: frame.replace(/[^\P{C}\n]/gu, '?') })
      if (setting.capability?.unicode === false)
        expect({ at, frame }).toEqual({ at, frame: frame.replace(/[^\x20-\x7e\n]/g, '?') })
    }
    // Out of dialogs, filters and marks, back to the dashboard.
    await console.keys(escapeKey.repeat(6))
  }
}
