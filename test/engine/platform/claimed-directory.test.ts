import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimDirectory, sweepClaimed } from '../../../src/engine/platform/claimed-directory.ts'
import { systemClock } from '../../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import type { LockRequest } from '../../../src/engine/platform/lock.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'
import type { Files } from '../../../src/model/ports.ts'

/** Locks of one process on two descriptors are two to the kernel, as those of two processes are. */

const disk = createDiskFiles()
const always = (): boolean => true
let top: string
let directory: BytePath

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'claim-'))
  directory = pathFromText(join(top, 'run'))
})
afterEach(() => rmSync(top, { recursive: true }))

function request(waitMs: number): LockRequest {
  const holder = { pid: 4711, run: 'run', command: 'create', since: '2026-11-20T03:00:00.000Z' }
  return { waitMs, signal: new AbortController().signal, holder, clock: systemClock }
}

/** The disk, with something done before the n-th call that is made of it; `calls` counts them. */
function interrupted(nth: number, interruption: () => void): { files: Files; calls: () => number } {
  let calls = 0
  const files = new Proxy(disk, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        try {
          if (++calls === nth) interruption()
        } catch (error) {
          if (name === 'close') Reflect.apply(value, target, args) // Linux closes also where that fails
          throw error
        }
        return Reflect.apply(value, target, args)
      }
    },
  })
  return { files, calls: () => calls }
}

test('what is claimed is not swept; once it is let go it is, with all in it', async () => {
  const lock = await claimDirectory(disk, directory, request(0))
  writeFileSync(join(directory, 'file'), 'x')
  await sweepClaimed(disk, directory, always)
  expect(existsSync(join(directory, 'file'))).toBe(true)
  await expect(claimDirectory(disk, directory, request(0))).rejects.toMatchObject({ code: 'E_BUSY' })
  lock.release()
  await sweepClaimed(disk, directory, () => false)
  expect(existsSync(directory)).toBe(true)
  await sweepClaimed(disk, directory, always)
  expect(existsSync(directory)).toBe(false)
})

test('a directory whose process died before it could lock it is swept, and one that is not there is no error', async () => {
  mkdirSync(directory)
  await sweepClaimed(disk, directory, always)
  expect(existsSync(directory)).toBe(false)
  await sweepClaimed(disk, directory, always)
})

test('a sweep before any call of a claim leaves the claim whole', async () => {
  const plain = interrupted(0, () => {})
  const first = await claimDirectory(plain.files, directory, request(0))
  first.release()
  rmSync(directory, { recursive: true })
  expect(plain.calls()).toBeGreaterThan(6)
  for (let nth = 1; nth <= plain.calls(); nth++) {
    let swept: Promise<void> | null = null
    const { files } = interrupted(nth, () => {
      swept = sweepClaimed(disk, directory, always)
    })
    const lock = await claimDirectory(files, directory, request(1000))
    await swept
    await sweepClaimed(disk, directory, always)
    expect(existsSync(directory), `call ${nth}`).toBe(true)
    await expect(claimDirectory(disk, directory, request(0)), `call ${nth}`).rejects.toMatchObject({ code: 'E_BUSY' })
    lock.release()
    rmSync(directory, { recursive: true })
  }
})

test('a claim before any call of a sweep is held in the end', async () => {
  const dead = (): void => {
    mkdirSync(directory)
    writeFileSync(join(directory, 'file'), 'of one that died')
  }
  dead()
  const plain = interrupted(0, () => {})
  await sweepClaimed(plain.files, directory, always)
  expect(plain.calls()).toBeGreaterThan(4)
  for (let nth = 1; nth <= plain.calls(); nth++) {
    dead()
    const claims: ReturnType<typeof claimDirectory>[] = []
    const { files } = interrupted(nth, () => {
      claims.push(claimDirectory(disk, directory, request(1000)))
    })
    await sweepClaimed(files, directory, always)
    const lock = await claims[0]
    await sweepClaimed(disk, directory, always)
    expect(existsSync(directory), `call ${nth}`).toBe(true)
    await expect(claimDirectory(disk, directory, request(0)), `call ${nth}`).rejects.toMatchObject({ code: 'E_BUSY' })
    lock?.release()
    rmSync(directory, { recursive: true })
  }
})

test('a claim that fails at any call holds no lock', async () => {
  const plain = interrupted(0, () => {})
  const first = await claimDirectory(plain.files, directory, request(0))
  first.release()
  for (let nth = 1; nth <= plain.calls(); nth++) {
    const { files } = interrupted(nth, () => {
      throw Object.assign(new Error('planted'), { code: 'EIO' })
    })
    const claim = await claimDirectory(files, directory, request(0)).catch((error: Error) => error)
    if (!(claim instanceof Error)) claim.release()
    const next = await claimDirectory(disk, directory, request(0))
    next.release()
    rmSync(directory, { recursive: true })
  }
})
