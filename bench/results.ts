import * as z from 'zod'

/** The results file: everything that was measured, and what it was measured on. One per workload and run. */

const bytes = z.int().min(0)

export const measurementSchema = z.object({
  step: z.string(),
  tool: z.string(),
  /** 0 is the warm-up where there is one; it is kept, and counts in no median. */
  round: z.int().min(0),
  warmUp: z.boolean(),
  /** From before the first process is started until the last one has ended. */
  wallSeconds: z.number(),
  /** User and system time of all processes. */
  cpuSeconds: z.number(),
  /** The largest process of each stage of the pipeline, added up. */
  peakBytes: bytes,
  /** What read calls of the first stage brought, from the page cache or not; null where the kernel does not tell. */
  readBytes: bytes.nullable(),
  /** What it wrote to its terminal, where it has one; else what write calls of the last stage took, files or not. */
  writtenBytes: bytes.optional(),
})
export type Measurement = z.infer<typeof measurementSchema>

const sizeSchema = z.object({
  tool: z.string(),
  round: z.int().min(0),
  warmUp: z.boolean(),
  /** What had been done when it was taken, where a workload takes several. */
  step: z.string().default(''),
  /** Sum of the files' sizes; or bytes that a workload has counted itself. */
  bytes,
  /** What the file system has set aside. */
  allocatedBytes: bytes,
  /** Since the one before it in the same repository, an empty repository being the first; null in older results. */
  grownBytes: z.int().nullable().default(null),
})
export type Size = z.infer<typeof sizeSchema>

const checkSchema = z.object({ tool: z.string(), what: z.string(), ok: z.boolean(), detail: z.string() })
export type Check = z.infer<typeof checkSchema>

export const resultsSchema = z.object({
  v: z.literal(1),
  workload: z.string(),
  /** ISO 8601, UTC. */
  at: z.string(),
  machine: z.object({
    cpu: z.string(),
    cores: z.int(),
    memoryBytes: bytes,
    kernel: z.string(),
    fileSystem: z.string(),
    node: z.string(),
    /** Of the last minute, before the run: above some tenths, others were at work and the figures are worth little. */
    load: z.number(),
  }),
  rounds: z.int(),
  tree: z.object({ what: z.string(), entries: z.int(), bytes }),
  tools: z.array(z.object({ name: z.string(), version: z.string(), encrypted: z.boolean(), how: z.string() })),
  missing: z.array(z.object({ name: z.string(), install: z.string() })),
  notes: z.array(z.string()),
  /** Numbers of the source that rows are held against: bytes, mostly. */
  figures: z.array(z.object({ name: z.string(), value: z.number() })).default([]),
  /** What `true` takes: start-up of the measuring process that every figure holds. */
  floor: z.object({ wallSeconds: z.number(), peakBytes: bytes }),
  measurements: z.array(measurementSchema),
  sizes: z.array(sizeSchema),
  /** Whether what came out was what went in. */
  checks: z.array(checkSchema),
  failures: z.array(z.object({ step: z.string(), tool: z.string(), round: z.int(), what: z.string() })),
})
export type Results = z.infer<typeof resultsSchema>

/** @throws Error where the text is no results file of this version. */
export function parseResults(text: string): Results {
  const parsed = resultsSchema.safeParse(JSON.parse(text))
  if (!parsed.success) throw new Error(`not a results file of this bench: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}
