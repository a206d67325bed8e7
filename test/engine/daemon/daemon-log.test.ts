import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DaemonLog, openDaemonLog } from '../../../src/engine/daemon/daemon-log.ts'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import type { LoggingSettings } from '../../../src/model/configuration.ts'
import { pathFromText } from '../../../src/model/path.ts'
import type { Files } from '../../../src/model/ports.ts'

let top: string
let path: string
let stdoutPath: string
let stdout: number
let log: DaemonLog | null
const clock = { now: () => Date.parse('2026-11-21T12:00:00Z'), elapsed: () => 0 }

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'daemon-log-'))
  path = join(top, 'holdfast.log')
  stdoutPath = join(top, 'stdout')
  stdout = openSync(stdoutPath, 'a')
  log = null
})
afterEach(() => {
  log?.close()
  closeSync(stdout)
  rmSync(top, { recursive: true })
})

interface Terms extends Partial<LoggingSettings['rotation']> {
  readonly level?: LoggingSettings['level']
  readonly file?: string | null
  readonly files?: Partial<Files>
}

function open({ level = 'info', file = path, sizeBytes = 1000, backups = 2, files = {} }: Terms = {}): DaemonLog {
  log = openDaemonLog({
    files: { ...createDiskFiles(), ...files },
    clock,
    settings: { level, file: file === null ? null : pathFromText(file), rotation: { sizeBytes, backups } },
    stdout,
  })
  return log
}

function linesOf(file: string): Record<string, unknown>[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
}

function events(file: string): unknown[] {
  return linesOf(file).map(({ event }) => event)
}

test('writes one object a line to stdout and to the file, which only its owner can read', () => {
  open().info('run-due', 'nightly is due\nnow', { schedule: 'nightly', attempt: 1, retry: null })
  const line = {
    at: '2026-11-21T12:00:00.000Z',
    level: 'info',
    event: 'run-due',
    message: 'nightly is due\nnow',
    schedule: 'nightly',
    attempt: 1,
    retry: null,
  }
  expect(linesOf(path)).toEqual([line])
  expect(readFileSync(path, 'utf8')).toBe(readFileSync(stdoutPath, 'utf8'))
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('lets no field take the place of what every line says', () => {
  open().error('x', 'm', { at: 'never', level: 'debug', event: 'y', message: 'z' })
  expect(linesOf(path)).toEqual([{ at: '2026-11-21T12:00:00.000Z', level: 'error', event: 'x', message: 'm' }])
})

test.each([
  ['debug', ['d', 'i', 'w', 'e']],
  ['info', ['i', 'w', 'e']],
  ['warning', ['w', 'e']],
  ['error', ['e']],
] as const)('says nothing that weighs less than %s', (level, said) => {
  const { debug, info, warning, error } = open({ level, file: null })
  debug('d', '')
  info('i', '')
  warning('w', '')
  error('e', '')
  expect(events(stdoutPath)).toEqual(said)
})

test('goes on with a file that is there already', () => {
  writeFileSync(path, '{"event":"before"}\n')
  open().info('after', '')
  expect(events(path)).toEqual(['before', 'after'])
})

test('puts a full file aside, keeps as many as asked for, and splits no line', () => {
  const { info } = open({ sizeBytes: 200, backups: 2 })
  for (let number = 1; number <= 8; number++) info(`e${number}`, 'x'.repeat(40)) // one fits, two do not
  expect(events(path)).toEqual(['e8'])
  expect(events(`${path}.1`)).toEqual(['e7'])
  expect(events(`${path}.2`)).toEqual(['e6'])
  expect(readdirSync(top).sort()).toEqual(['holdfast.log', 'holdfast.log.1', 'holdfast.log.2', 'stdout'])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('begins a full file anew where none is kept', () => {
  const { info } = open({ sizeBytes: 200, backups: 0 })
  info('e1', 'x'.repeat(40))
  info('e2', 'x'.repeat(40))
  expect(events(path)).toEqual(['e2'])
  expect(readdirSync(top).sort()).toEqual(['holdfast.log', 'stdout'])
})

test('writes a line that is longer than a whole file may be', () => {
  const { info } = open({ sizeBytes: 10 })
  info('e1', '')
  info('e2', '')
  expect(events(path)).toEqual(['e2'])
  expect(events(`${path}.1`)).toEqual(['e1'])
})

test.each<[string, () => void]>([
  ['moved', () => renameSync(path, `${path}.old`)],
  ['removed', () => unlinkSync(path)],
  ['replaced', () => writeFileSync(`${path}.new`, '')],
  ['emptied', () => truncateSync(path)],
])('goes on at its path when the file was %s from outside', (how, act) => {
  const { info } = open()
  info('e1', '')
  act()
  if (how === 'replaced') renameSync(`${path}.new`, path)
  info('e2', '')
  expect(events(path)).toEqual(['e2'])
})

test('opens the file anew when asked to', () => {
  const opened = open()
  renameSync(path, `${path}.old`)
  opened.reopen()
  expect(readdirSync(top)).toContain('holdfast.log')
})

test.each<[string, () => string]>([
  ['a directory that is not there', () => join(top, 'absent', 'holdfast.log')],
  ['a directory', () => top],
  [
    'a device',
    () => {
      symlinkSync('/dev/null', join(top, 'null'))
      return join(top, 'null')
    },
  ],
  [
    'a file where a directory should be',
    () => {
      writeFileSync(join(top, 'file'), '')
      return join(top, 'file', 'holdfast.log')
    },
  ],
])('refuses to start with %s', (_, file) => {
  expect(() => open({ file: file() })).toThrow(
    expect.objectContaining({ code: 'E_CONFIG', message: expect.stringContaining('monitoring.logging.file_path') }),
  )
})

test('goes on when its file cannot be written, says so once, and again when it fails anew', () => {
  mkdirSync(join(top, 'logs'))
  const { info } = open({ file: join(top, 'logs', 'holdfast.log') })
  renameSync(join(top, 'logs'), join(top, 'gone'))
  info('e1', '')
  info('e2', '')
  mkdirSync(join(top, 'logs'))
  info('e3', '')
  rmSync(join(top, 'logs'), { recursive: true })
  info('e4', '')
  expect(events(stdoutPath)).toEqual(['e1', 'log-file', 'e2', 'e3', 'e4', 'log-file'])
  expect(linesOf(stdoutPath)[1]).toMatchObject({ level: 'error', message: expect.stringContaining('no such file') })
})

test('a full disk tears one line at most', () => {
  const disk = createDiskFiles()
  let full = false
  const write: Files['write'] = (fd, bytes, position) => {
    if (!full || fd === stdout) return disk.write(fd, bytes, position)
    disk.write(fd, bytes.subarray(0, 10), position)
    throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
  }
  const { info } = open({ files: { write } })
  full = true
  info('e1', '')
  full = false
  info('e2', '')
  expect(JSON.parse(readFileSync(path, 'utf8').split('\n')[1] ?? '')).toMatchObject({ event: 'e2' })
})

test('a file that cannot be put aside grows instead', () => {
  const rename = (): never => {
    throw Object.assign(new Error('not permitted'), { code: 'EACCES' })
  }
  const { info } = open({ sizeBytes: 10, files: { rename } })
  info('e1', '')
  info('e2', '')
  info('e3', '')
  expect(events(path)).toEqual(['e1', 'e2', 'e3'])
  expect(events(stdoutPath)).toEqual(['e1', 'e2', 'log-file', 'e3'])
})

test.each(['EPIPE', 'EAGAIN', 'EIO'])('%s of stdout ends nothing, and the file has it all', (code) => {
  const disk = createDiskFiles()
  const write: Files['write'] = (fd, bytes, position) => {
    if (fd === stdout) throw Object.assign(new Error(code), { code })
    disk.write(fd, bytes, position)
  }
  const { info } = open({ files: { write } })
  info('e1', '')
  info('e2', '')
  expect(events(path)).toEqual(['e1', 'e2'])
})

test('what another may read stays so', () => {
  writeFileSync(path, '')
  chmodSync(path, 0o640)
  open().info('e1', '')
  expect(statSync(path).mode & 0o777).toBe(0o640)
})
