import { readFileSync } from 'node:fs'
import * as z from 'zod'
import type { Bench } from './bench.ts'
import type { Tool } from './tool.ts'

const resultSchema = z.object({
  restore: z.object({ id: z.string(), written: z.int(), unchanged: z.int(), bytes: z.int() }),
})

/** What Holdfast's last measured restore, with `--json`, told of itself. */
export function restoredBy(bench: Bench, tool: Tool): z.infer<typeof resultSchema>['restore'] {
  const last = readFileSync(bench.outputOf(tool), 'utf8').trim().split('\n').at(-1) ?? ''
  return resultSchema.parse(JSON.parse(last)).restore
}
