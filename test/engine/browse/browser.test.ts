import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Browser } from '../../../src/model/browse.ts'
import type { Engine } from '../../../src/model/engine.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'
import type { TocEntry } from '../../../src/model/toc.ts'
import { engineAt, plainly } from '../../engine-kit.ts'
import { noise, scratch } from '../archive/archive-kit.ts'
import { backwards, expectedChildren, forwards, readIn, shownChildren } from './browse-kit.ts'

const during = { signal: new AbortController().signal, listen: () => {} }
const large = noise('large', 20 * 1024 * 1024)
const { path: top, remove } = scratch('browser')
afterAll(remove)

/** A tree, and its second state in an incremental on top of it. */
const tree = join(top, 'tree')
const at = (path: string): BytePath => pathFromText(`${tree.slice(1)}/${path}`)

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true })
  writeFileSync(join(tree, path), content)
}

function makeTree(): void {
  write('etc/hosts', '127.0.0.1 localhost\n')
  write('etc/ssh/sshd_config', 'Port 22\n')
  write('etc/ssh/old', 'gone later\n')
  write('etc/empty', '')
  write('bin/tool', Buffer.concat([Buffer.from('\x7fELF\0'), noise('tool', 5000)]))
  write('log/coloured', '\x1b[31mred\x1b[0m grün\r\nnext\r\n')
  write('log/latin', Buffer.from('gr\xfcn\n', 'latin1'))
  write('big/data', large)
  write('strange/new\nline', 'x\n')
  write('strange/\u202eevil', 'x\n')
  for (let file = 0; file < 700; file++) write(`many/${file % 3}/f${file}`, `${file}\n`)
  write('sparse', '')
  truncateSync(join(tree, 'sparse'), 100 * 1024 * 1024)
  appendFileSync(join(tree, 'sparse'), 'the end')
  symlinkSync('hosts', join(tree, 'etc/link'))
  linkSync(join(tree, 'etc/hosts'), join(tree, 'etc/hosts2'))
}

function changeTree(): void {
  write('etc/ssh/sshd_config', 'Port 2222\n')
  write('etc/ssh/new', 'new\n')
  rmSync(join(tree, 'etc/ssh/old'))
  appendFileSync(join(tree, 'big/data'), 'appended')
}

interface Stage {
  readonly engine: Engine
  readonly home: string
  readonly full: string
  readonly incremental: string
}

async function stageOf(name: string, encrypted: boolean): Promise<Stage> {
  rmSync(tree, { recursive: true, force: true })
  makeTree()
  const home = join(top, name)
  mkdirSync(home)
  writeFileSync(join(home, 'backup_config.json'), JSON.stringify({ encryption: { enabled: encrypted } }))
  const engine = engineAt({ root: join(home, 'repository'), home, key: 'ab'.repeat(32) })
  const full = (await engine.create(plainly({ type: 'full', paths: [tree] }), during)).backup
  changeTree()
  const incremental = (await engine.create(plainly({ type: 'incremental', paths: [tree] }), during)).backup
  expect(full.encrypted).toBe(encrypted)
  expect(incremental.deps).toEqual([full.id])
  return { engine, home, full: full.id, incremental: incremental.id }
}

async function entriesOf(engine: Engine, backup: string): Promise<{ service: string; entries: TocEntry[] }> {
  const entries: TocEntry[] = []
  let service = ''
  await engine.inspect({ backup, services: [], path: null }, async (name, entry) => {
    service = name
    entries.push(entry)
  })
  return { service, entries }
}

describe.each([
  ['encrypted', true],
  ['not encrypted', false],
])('a backup that is %s', (name, encrypted) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await stageOf(name.replace(' ', '-'), encrypted)
  })

  async function open(backup: string): Promise<{ browser: Browser; service: string; entries: TocEntry[] }> {
    const { service, entries } = await entriesOf(stage.engine, backup)
    const browser = await stage.engine.browse({ backup, services: [] })
    onTestFinished(() => browser.close())
    return { browser, service, entries }
  }

  test.each(['full', 'incremental'] as const)('shows all of the %s one, and nothing else', async (which) => {
    const { browser, service, entries } = await open(stage[which])
    const paths = entries.map(({ path }) => path)
    expect(browser.services).toMatchObject([{ name: service, entries: entries.length, paths: [tree] }])
    const walk = async (directory: BytePath): Promise<void> => {
      const wanted = expectedChildren(paths, directory)
      const children = await forwards(readIn(browser, service), directory, 50)
      expect(shownChildren(children)).toEqual(wanted)
      expect(shownChildren(await backwards(readIn(browser, service), directory, 50))).toEqual(wanted)
      for (const { path, entry } of children) {
        const below = entries.filter((one) => one.path.startsWith(`${path}/`)).length
        expect(await browser.countBelow({ service, path })).toBe(below)
        const own = entries.find((one) => one.path === path)
        expect(await browser.entry({ service, path })).toEqual(own ?? null)
        if (entry !== null) expect(own).toMatchObject(entry)
        if (entry === null || entry.type === 'directory') await walk(path)
      }
    }
    await walk('' as BytePath)
    expect(await browser.countBelow({ service, path: '' as BytePath })).toBe(entries.length)
  })

  test('finds entries by their names, in all of it or in a part', async () => {
    const { browser, service, entries } = await open(stage.incremental)
    const find = async (
      text: string,
      below = '' as BytePath,
      count = 1000,
    ): Promise<{ paths: string[]; cut: boolean }> => {
      const paths: string[] = []
      const { cut } = await browser.find(
        { services: [], below, text, count },
        { signal: during.signal, found: ({ path }) => void paths.push(path), progress: () => {} },
      )
      return { paths, cut }
    }
    const named = (test: (path: string) => boolean): string[] => entries.map(({ path }) => path).filter(test)
    expect(await find('SSHD')).toEqual({ paths: [at('etc/ssh/sshd_config')], cut: false })
    expect(await find('ssh/ con')).toEqual({ paths: [at('etc/ssh/sshd_config')], cut: false })
    expect((await find('f1*9')).paths).toEqual(named((path) => /\/f1[^/]*9$/.test(path)))
    expect((await find('etc/*')).paths).toEqual(named((path) => path.startsWith(at('etc/'))))
    expect((await find('h?sts')).paths).toEqual([at('etc/hosts')])
    expect((await find('new\\nline')).paths).toEqual([at('strange/new\nline')])
    expect((await find('o', at('etc/ssh'))).paths).toEqual([at('etc/ssh/sshd_config')])
    expect(await find('f', at('many'), 10)).toMatchObject({ paths: { length: 10 }, cut: true })
    expect((await find('  ')).paths).toEqual([])
    expect(service).not.toBe('')
  })

  test('a search ends when nobody wants it any more', async () => {
    const { browser } = await open(stage.full)
    const controller = new AbortController()
    controller.abort()
    const query = { services: [], below: '' as BytePath, text: 'f', count: 10 }
    const watch = { signal: controller.signal, found: () => {}, progress: () => {} }
    await expect(browser.find(query, watch)).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
  })

  test.each(['full', 'incremental'] as const)('previews files of the %s one, each with its proof', async (which) => {
    const { browser, service } = await open(stage[which])
    const preview = async (path: string, most: number) => {
      const { bytes, sizeBytes, proof } = await browser.preview({ service, path: at(path) }, most)
      return { text: Buffer.from(bytes).toString('latin1'), sizeBytes, proof }
    }
    expect(await preview('etc/hosts', 9)).toEqual({ text: '127.0.0.1', sizeBytes: 20, proof: 'file' })
    expect(await preview('etc/hosts2', 100)).toEqual({ text: '127.0.0.1 localhost\n', sizeBytes: 20, proof: 'file' })
    expect(await preview('etc/empty', 100)).toEqual({ text: '', sizeBytes: 0, proof: 'file' })
    const size = which === 'full' ? large.length : large.length + 8
    const head = large.subarray(0, 1000).toString('latin1')
    expect(await preview('big/data', 1000)).toEqual({ text: head, sizeBytes: size, proof: 'pieces' })
    expect(await preview('sparse', 4)).toEqual({
      text: '\0\0\0\0',
      sizeBytes: 100 * 1024 * 1024 + 7,
      // Too large to be hashed, holes and all, for its first four bytes.
      proof: encrypted ? 'sealed' : 'none',
    })
    for (const path of ['etc', 'etc/link'])
      await expect(preview(path, 10)).rejects.toMatchObject({ code: 'E_UNKNOWN_PATH' })
    await expect(preview('nothing', 10)).rejects.toMatchObject({ code: 'E_UNKNOWN_PATH' })
  })

  test('hands a pager a file that only its owner reads, made safe for a terminal, and takes it back', async () => {
    const { browser, service } = await open(stage.incremental)
    const copy = async (path: string) => {
      const { file, form, shownBytes } = await browser.copyToRead({ service, path: at(path) }, during.signal)
      const mode = (of: string): number => statSync(of).mode & 0o777
      expect([mode(file), mode(dirname(file))]).toEqual([0o600, 0o700])
      return { text: readFileSync(file, 'utf8'), form, shownBytes, file }
    }
    expect(await copy('etc/ssh/sshd_config')).toMatchObject({ text: 'Port 2222\n', form: 'text', shownBytes: 10 })
    expect(await copy('log/coloured')).toMatchObject({ text: '\\x1b[31mred\\x1b[0m grün\nnext\n', form: 'escaped' })
    expect(await copy('log/latin')).toMatchObject({ text: 'gr\\xfcn\n', form: 'escaped' })
    const binary = await copy('bin/tool')
    expect(binary).toMatchObject({ form: 'hex', shownBytes: 5005 })
    expect(binary.text.split('\n')[0]).toMatch(/^00000000 {2}7f 45 4c 46 00 .*\|\.ELF\..{11}\|$/)
    const big = await copy('big/data')
    expect(big).toMatchObject({ form: 'hex', shownBytes: 1024 * 1024 })
    await expect(copy('sparse')).rejects.toMatchObject({ code: 'E_USAGE', message: expect.stringContaining('100 MiB') })
    await expect(copy('etc')).rejects.toMatchObject({ code: 'E_UNKNOWN_PATH' })
    expect(copiesIn(stage.home)).toHaveLength(5)
    browser.close()
    expect(copiesIn(stage.home)).toEqual([])
    await expect(copy('etc/hosts')).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
  })

  test('what a killed process left for its pager is swept by the next, and what a living one has there is not', async () => {
    const { browser, service } = await open(stage.full)
    const living = await browser.copyToRead({ service, path: at('etc/hosts') }, during.signal)
    const left = join(stage.home, 'holdfast-read-0123456789abcdef')
    mkdirSync(left)
    writeFileSync(join(left, 'secret.txt'), 'secret')
    const old = Date.now() / 1000 - 600
    for (const place of [left, dirname(living.file)]) utimesSync(place, old, old)
    const next = await browser.copyToRead({ service, path: at('etc/hosts') }, during.signal)
    expect([left, living.file, next.file].map((path) => existsSync(path))).toEqual([false, true, true])
    living.remove()
    expect(existsSync(dirname(living.file))).toBe(false)
    living.remove()
  })

  test('shows nothing of a file whose bytes were changed', async () => {
    const { browser, service } = await open(stage.full)
    const entry = await browser.entry({ service, path: at('big/data') })
    if (entry?.content.kind !== 'chunks') throw new Error('it should be stored in chunks')
    const { file } = browser.manifest.archives[0]!
    const path = join(stage.home, 'repository', 'archives', stage.full, file)
    const bytes = readFileSync(path)
    const chunk = entry.content.chunks[0]!
    const broken = Buffer.from(bytes)
    const offset = bytes.length - Math.ceil(bytes.length - chunk.offset - chunk.compressedBytes / 2)
    broken[offset + 10_000]! ^= 1
    writeFileSync(path, broken)
    onTestFinished(() => writeFileSync(path, bytes))
    const again = await open(stage.full)
    await expect(again.browser.preview({ service, path: at('big/data') }, 100)).rejects.toMatchObject({
      code: 'E_DAMAGED',
    })
    await expect(again.browser.copyToRead({ service, path: at('big/data') }, during.signal)).rejects.toMatchObject({
      code: 'E_DAMAGED',
    })
    expect(copiesIn(stage.home)).toEqual([])
  })
})

function copiesIn(home: string): string[] {
  return readdirSync(home).filter((name) => name.startsWith('holdfast-read-'))
}

test('an encrypted backup is not opened without its key', async () => {
  const home = join(top, 'encrypted')
  const engine = engineAt({ root: join(home, 'repository'), home, key: '' })
  await expect(engine.browse({ backup: 'latest', services: [] })).rejects.toMatchObject({ code: 'E_KEY_MISSING' })
})
