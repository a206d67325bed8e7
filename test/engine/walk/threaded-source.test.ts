import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { type FilesSettings, filesSource } from '../../../src/engine/sources/files.ts'
import { ThreadedSource } from '../../../src/engine/walk/threaded-source.ts'
import { readyWalkThread, takeWalkThread } from '../../../src/engine/walk/walk-thread.ts'
import { pathFromText } from '../../../src/model/path.ts'
import type { Source } from '../../../src/model/source.ts'

const home = mkdtempSync(join(tmpdir(), 'holdfast-walk-'))
const settings: FilesSettings = {
  paths: [pathFromText(join(home, 'tree')), pathFromText(join(home, 'absent'))],
  exclude: ['*.tmp'],
  excludeCaches: false,
  oneFileSystem: false,
  repository: null,
}

beforeAll(() => {
  const at = (...names: string[]) => join(home, 'tree', ...names)
  mkdirSync(at('many'), { recursive: true })
  for (let n = 0; n < 1500; n++) writeFileSync(at('many', `f${n}`), '')
  writeFileSync(at('before-1970'), 'x')
  utimesSync(at('before-1970'), -1000.5, -1000.5)
  writeFileSync(Buffer.concat([Buffer.from(at('not-utf8-')), Buffer.from([0xff])]), 'x')
  symlinkSync('elsewhere', at('link'))
  linkSync(at('before-1970'), at('second-name'))
  execFileSync('mkfifo', [at('pipe')])
  writeFileSync(at('left-out.tmp'), '')
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function walked(source: Source): Promise<unknown[]> {
  const seen: unknown[] = []
  const context = {
    signal: new AbortController().signal,
    warn: (warning: unknown) => void seen.push({ warning }),
    skip: (path: unknown, because: unknown) => void seen.push({ path, because }),
  }
  const entries: unknown[] = []
  for await (const slice of source.scan(context)) entries.push(...slice)
  return [...entries, ...seen]
}

test('gives what the source gives in this thread: the same entries in the same order, and what it tells', async () => {
  const threaded = new ThreadedSource(null, 'files', settings)
  // A file's status has a type besides what an entry says of it.
  const here = (await walked(filesSource(createDiskFiles(), settings))).map((entry) => {
    const { attributes, ...rest } = entry as { attributes?: object }
    if (attributes === undefined) return entry
    const { type: _, ...plain } = attributes as { type: string }
    return { ...rest, attributes: plain }
  })
  expect(here.length).toBeGreaterThan(1500)
  expect(await walked(threaded)).toEqual(here)
  await threaded.close()
})

test('an error of the walk arrives, and nothing after it', async () => {
  const module = 'data:text/javascript,export const createFiles = () => { throw new Error("no disk today") }'
  const threaded = new ThreadedSource(module, 'files', settings)
  await expect(walked(threaded)).rejects.toThrow('no disk today')
  await threaded.close()
})

test('a thread that ends on its own is an error, not the end of the source', async () => {
  const module = 'data:text/javascript,process.exit(7)'
  const threaded = new ThreadedSource(module, 'files', settings)
  await expect(walked(threaded)).rejects.toThrow('the thread that walks the source ended with 7')
  await threaded.close()
})

test('who wants no more closes it, and it keeps no process alive', async () => {
  const threaded = new ThreadedSource(null, 'files', settings)
  for await (const slice of threaded.scan({ signal: new AbortController().signal, warn: () => {}, skip: () => {} })) {
    expect(slice.length).toBe(512)
    break
  }
  await threaded.close()
})

test('a thread that was made ready is taken, once; one that has died meanwhile is replaced', async () => {
  readyWalkThread()
  readyWalkThread()
  const first = takeWalkThread()
  const second = takeWalkThread()
  expect(first).not.toBe(second)
  await Promise.all([first.terminate(), second.terminate()])

  readyWalkThread()
  const dead = takeWalkThread()
  await dead.terminate()
  readyWalkThread()
  const spare = takeWalkThread()
  expect(spare).not.toBe(dead)
  await spare.terminate()

  readyWalkThread()
  const threaded = new ThreadedSource(null, 'files', settings)
  expect((await walked(threaded)).length).toBeGreaterThan(1500)
  await threaded.close()
})
