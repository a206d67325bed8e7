import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CommandFailed, measure, type Surroundings } from '../../bench/measure.ts'
import { one } from '../../bench/tool.ts'

let directory: string
let surroundings: Surroundings

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  surroundings = {
    environment: { PATH: process.env['PATH'] ?? '' },
    directory,
    stdout: join(directory, 'stdout'),
    stderr: join(directory, 'stderr'),
    signal: new AbortController().signal,
  }
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('measures time, memory and bytes read of a process and of the children it waits for', async () => {
  const eat = 'head -c 80000000 /dev/zero | tail -c 80000000 > /dev/null; true'
  const sample = await measure(one(['sh', '-c', eat]), surroundings)
  expect(sample.wallSeconds).toBeGreaterThan(0)
  expect(sample.cpuSeconds).toBeGreaterThan(0)
  expect(sample.peakBytes).toBeGreaterThan(80e6) // tail keeps what it may have to print
  expect(sample.peakBytes).toBeLessThan(300e6)
  if (sample.readBytes !== null) expect(sample.readBytes).toBeGreaterThan(80e6)
})

test('adds up the stages of a pipeline and takes the bytes read from the first', async () => {
  const sample = await measure(
    {
      stages: [['head', '-c', '3000000', '/dev/zero'], ['cat'], ['wc', '-c']],
    },
    surroundings,
  )
  expect(readFileSync(surroundings.stdout, 'utf8').trim()).toBe('3000000')
  const alone = await measure(one(['true']), surroundings)
  expect(sample.peakBytes).toBeGreaterThan(alone.peakBytes * 2)
  if (sample.readBytes !== null) expect(sample.readBytes).toBeLessThan(4_000_000)
})

test('hands down only the environment it was given', async () => {
  await measure({ ...one(['env']), environment: { BENCH_TEST: 'given' } }, surroundings)
  const names = readFileSync(surroundings.stdout, 'utf8').match(/^\w+(?==)/gm)
  expect(names?.sort()).toEqual(['BENCH_TEST', 'PATH'])
})

test('refuses a command that fails, wherever in the pipeline, with what it said', async () => {
  const failing = { stages: [['sh', '-c', 'echo no such thing >&2; exit 3'], ['cat']] }
  await expect(measure(failing, surroundings)).rejects.toThrow(CommandFailed)
  await expect(measure(failing, surroundings)).rejects.toThrow(/exit 3 of sh .*no such thing/)
})

test('ends what it started before it says that it was stopped', async () => {
  const stop = new AbortController()
  const started = join(directory, 'started')
  const running = measure(
    one(['sh', '-c', `echo $$ > ${started}.new; mv ${started}.new ${started}; exec tail -f /dev/null`]),
    {
      ...surroundings,
      signal: stop.signal,
    },
  )
  const stopped = expect(running).rejects.toThrow(/abort/)
  while (!existsSync(started)) await setImmediate()
  stop.abort()
  await stopped
  const pid = Number(readFileSync(started, 'utf8'))
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/)
})
