import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { pathFromText } from '../../src/model/path.ts'
import { filesContract } from '../contract/files.ts'
import { type Fault, wrapFaulty } from './faulty-files.ts'

const withoutFaults: Fault = { at: 0, kind: 'EIO' }
filesContract('a faulty disk that is not due', () =>
  wrapFaulty(createDiskFiles(), withoutFaults, new Int32Array(new SharedArrayBuffer(4))),
)

let top: string
const here = new URL('./faulty-files.ts', import.meta.url).href
const disk = new URL('../../src/engine/platform/disk-files.ts', import.meta.url).href

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'faulty-'))
})
afterEach(() => rmSync(top, { recursive: true }))

/** Runs `body` in a process of its own, its `files` loaded by the module's URL. */
function run(body: string, environment: Record<string, string>) {
  const script = `const { loadFiles } = await import(${JSON.stringify(disk)})
    const files = await loadFiles(${JSON.stringify(here)})
    const top = ${JSON.stringify(top)}
    const codes = []
    const attempt = (act) => { try { act(); codes.push('ok') } catch (error) { codes.push(error.code) } }
    ${body}
    process.stdout.write(codes.join(' '))`
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  })
}
const threeDirectories = `for (const name of ['a', 'b', 'c']) attempt(() => files.makeDirectory(top + '/' + name, 0o700))`

test.each(['ENOSPC', 'EIO', 'EROFS', 'EMFILE'])('throws %s at the call it was told, once', (kind) => {
  const result = run(threeDirectories, { HOLDFAST_FAULT_AT: '2', HOLDFAST_FAULT_KIND: kind })
  expect(result.stdout).toBe(`ok ${kind} ok`)
})

test('goes on failing where it was told to', () => {
  const result = run(threeDirectories, {
    HOLDFAST_FAULT_AT: '2',
    HOLDFAST_FAULT_KIND: 'ENOSPC',
    HOLDFAST_FAULT_LASTING: '1',
  })
  expect(result.stdout).toBe('ok ENOSPC ENOSPC')
})

test('counts only the calls it was told to', () => {
  const result = run(`attempt(() => files.names(top)); ${threeDirectories}`, {
    HOLDFAST_FAULT_AT: '1',
    HOLDFAST_FAULT_CALLS: 'makeDirectory,rename',
    HOLDFAST_FAULT_COUNT: join(top, 'count'),
  })
  expect(result.stdout).toBe('ok EIO ok ok')
  expect(readFileSync(join(top, 'count'), 'utf8')).toBe('3\n')
})

test('kills the process before the call it was told', () => {
  const result = run(threeDirectories, { HOLDFAST_FAULT_AT: '2', HOLDFAST_FAULT_KIND: 'kill' })
  expect(result.signal).toBe('SIGKILL')
  expect(['a', 'b', 'c'].map((name) => existsSync(join(top, name)))).toEqual([true, false, false])
})

test('writes half and then says that the disk is full', () => {
  const files = createDiskFiles()
  const counter = new Int32Array(new SharedArrayBuffer(4))
  const faulty = wrapFaulty(files, { at: 1, kind: 'short-write' }, counter)
  const fd = faulty.open(pathFromText(join(top, 'a')), 'create')
  const error = expect.objectContaining({ code: 'ENOSPC' })
  expect(() => faulty.write(fd, new Uint8Array(10), null)).toThrow(error)
  faulty.write(fd, new Uint8Array(1), null)
  faulty.close(fd)
  expect(files.status(pathFromText(join(top, 'a')))?.sizeBytes).toBe(6)
})

test('closes a descriptor though it says that the close failed', () => {
  const faulty = wrapFaulty(createDiskFiles(), { at: 2, kind: 'EIO' }, new Int32Array(new SharedArrayBuffer(4)))
  const fd = faulty.open(pathFromText(top), 'directory')
  expect(() => faulty.close(fd)).toThrow(expect.objectContaining({ code: 'EIO' }))
  expect(() => createDiskFiles().statusOf(fd)).toThrow(expect.objectContaining({ code: 'EBADF' }))
})

test('counts the calls of worker threads together with those of the thread that started them', () => {
  const inWorker = `import { parentPort } from 'node:worker_threads'
    const { loadFiles } = await import(${JSON.stringify(disk)})
    const files = await loadFiles(${JSON.stringify(here)})
    for (let call = 0; call < 100; call++) { try { files.names('/') } catch { parentPort.postMessage('struck') } }`
  const body = `const { Worker } = await import('node:worker_threads')
    files.names(top)
    const url = new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(inWorker)}))
    await Promise.all([1, 2].map(() => new Promise((resolve, reject) => {
      const worker = new Worker(url)
      worker.on('message', (message) => codes.push(message)).on('error', reject).on('exit', resolve)
    })))`
  const count = join(top, 'count')
  const result = run(body, { HOLDFAST_FAULT_AT: '150', HOLDFAST_FAULT_COUNT: count })
  expect({ stdout: result.stdout, stderr: result.stderr }).toEqual({ stdout: 'struck', stderr: '' })
  expect(readFileSync(count, 'utf8')).toBe('201\n')
})
