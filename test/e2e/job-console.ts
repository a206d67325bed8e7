import { setTimeout as wait } from 'node:timers/promises'
import type { JobRequest } from '../../src/model/jobs.ts'
import { wire } from '../../src/wire.ts'

/** A console without a face: starts the job it is given as JSON, tells its run, and stays until it is killed. */
const { jobs } = await wire({ root: process.argv[2] as string })
const { run } = await jobs.start(JSON.parse(process.argv[3] as string) as JobRequest, new AbortController().signal)
console.log(`run ${run}`)
await wait(600_000)
