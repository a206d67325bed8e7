import { mkdirSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import type { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { type RestoreJob, RestoreWorker } from '../../../src/engine/archive/restore-job.ts'
import type { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import { applyRestore } from '../../../src/engine/restore/apply.ts'
import { prepareRestore } from '../../../src/engine/restore/prepare.ts'
import { joinPath } from '../../../src/model/path.ts'
import type { Files } from '../../../src/model/ports.ts'
import { type FaultKind, wrapFaulty } from '../../faults/faulty-files.ts'
import {
  apply,
  backUp,
  files,
  leftovers,
  named,
  prepare,
  put,
  requestFor,
  treeOf,
  user,
  useScratch,
} from './scratch.ts'

const scratch = useScratch()
let reader: ArchiveReader
let stored: string

beforeEach(async () => {
  const source = scratch.at('source')
  stored = source.slice(1)
  mkdirSync(joinPath(source, named('d')), { recursive: true })
  for (const name of ['a', 'd/b']) put(joinPath(source, named(name)), `content of ${name}`)
  put(joinPath(source, named('large')), 'large '.repeat(1_500_000))
  files.makeHardlink(joinPath(source, named('a')), joinPath(source, named('d/hard')))
  files.makeSymlink(named('a'), joinPath(source, named('d/soft')))
  files.makeSpecial(joinPath(source, named('fifo')), 'fifo', 0o600, { major: 0, minor: 0 })
  reader = await backUp(scratch, source)
})

/** The worker's own code in this thread, so that its calls fail by the same count. */
function poolIn(disk: Files): WorkerPool {
  const worker = new RestoreWorker(disk)
  const run = async (job: RestoreJob) => worker.perform(job)
  return { count: 1, run, close: async () => {} } as unknown as WorkerPool // all of it that a restore uses
}

/** The calls of one restore that write or look, on a disk that fails at the n-th of them. */
async function restoreOn(target: string, at: number, kind: FaultKind): Promise<{ calls: number; told: boolean }> {
  const counter = new Int32Array(1)
  // Whoever takes away what it made half must be able to; a sync waits for all other users of the machine.
  const mercy = { removeFile: files.removeFile, removeDirectory: files.removeDirectory, syncFileSystem: async () => {} }
  const disk = Object.assign(Object.create(wrapFaulty(files, { at, kind }, counter)), mercy) as Files
  const request = requestFor(scratch, [reader], { target: { kind: 'directory', path: scratch.at(target) } })
  const signal = new AbortController().signal
  const spool = scratch.at(`repository/spool of ${target}`)
  try {
    const plan = await prepareRestore(disk, poolIn(disk), request, spool, { signal })
    const outcome = await applyRestore(disk, poolIn(disk), plan, request.archives, { user, signal })
    return { calls: counter[0] as number, told: outcome.problems.length + outcome.warnings.length > 0 }
  } catch (error) {
    if ((error as { name: string }).name === 'BackupError' || 'errno' in (error as object))
      return { calls: counter[0] as number, told: true }
    throw error
  }
}

test.each(['EIO', 'ENOSPC', 'short-write'] as const)(
  'tells of %s at any call, leaves no half file, and is completed by another restore',
  async (kind) => {
    const { calls, told } = await restoreOn('sound', 0, kind)
    expect(told).toBe(false)
    const sound = treeOf(scratch.at(`sound/${stored}`))
    expect(calls).toBeGreaterThan(50)
    const silent: number[] = []
    for (let at = 1; at <= calls; at++) {
      const { told } = await restoreOn('faulty', at, kind)
      const top = scratch.at(`faulty/${stored}`)
      const there = files.status(top) === undefined ? new Map() : treeOf(top)
      const content = (facts: unknown) => (facts as { content?: string }).content
      for (const [path, facts] of there) expect([path, content(facts)]).toEqual([path, content(sound.get(path))])
      if (files.status(scratch.at('faulty')) !== undefined) expect(leftovers(scratch.at('faulty'))).toEqual([])
      if (!told) {
        silent.push(at)
        expect(there).toEqual(sound)
      }
      if (at % 40 === 0) {
        const plan = await prepare(scratch, [reader], { target: { kind: 'directory', path: scratch.at('faulty') } })
        expect((await apply(plan, [reader])).problems).toEqual([])
        expect(treeOf(top)).toEqual(sound)
      }
      files.removeTree(scratch.at('faulty'))
      files.removeTree(scratch.at('repository/spool of faulty'))
    }
    expect(silent.length).toBeLessThan(calls)
  },
)

test('stops between jobs when asked to, with whole files only', async () => {
  const source = scratch.at('many')
  mkdirSync(source)
  for (let at = 0; at < 12_000; at++) put(joinPath(source, named(`f${at}`)), `content of f${at}`)
  const many = await backUp(scratch, source)
  const plan = await prepare(scratch, [many])
  const controller = new AbortController()
  const onProgress = () => controller.abort()
  await expect(apply(plan, [many], { signal: controller.signal, onProgress })).rejects.toMatchObject({
    code: 'E_INTERRUPTED',
  })
  const there = treeOf(scratch.at(`target/${source.slice(1)}`))
  expect(there.size).toBeGreaterThan(100)
  expect(there.size).toBeLessThan(12_000)
  for (const [path, facts] of there)
    if (path !== '') expect((facts as { content: string }).content).toBe(`content of ${path}`)
  expect(leftovers(scratch.at('target'))).toEqual([])
})
