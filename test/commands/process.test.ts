// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the shell's, not ours
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { commandLine } from './command-line.ts'

const cli = fileURLToPath(new URL('pretend-cli.ts', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'holdfast-cli-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A shell line, in which "$@" is the command line under test. */
function shell(line: string, environment: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, TERM: 'xterm', ...environment }
    const child = execFile('bash', ['-c', line, 'bash', process.execPath, cli], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : child.exitCode, stdout, stderr })
    })
  })
}

test('| head ends a reading command quietly', async () => {
  const { stdout, stderr } = await shell('"$@" inspect latest | head -n 2; echo "${PIPESTATUS[0]}"', {
    PRETEND_ENTRIES: '200000',
  })
  expect(stdout).toBe('directory/file-0\ndirectory/file-1\n0\n')
  expect(stderr).toBe('closed\n')
})

test('a backup whose reader leaves is made all the same', async () => {
  const { stdout, stderr } = await shell('"$@" create --json | head -n 1 | cut -c 1-6; echo "${PIPESTATUS[0]}"')
  expect(stdout).toBe('{"run"\n0\n')
  expect(stderr).toBe('created\nclosed\n')
})

test('an export whose reader leaves has failed', async () => {
  const { stdout, stderr } = await shell('"$@" export latest - | head -c 10 >/dev/null; echo "${PIPESTATUS[0]}"')
  expect(stdout).toBe('1\n')
  expect(stderr).toContain('error: the reader of stdout left before the export was complete')
})

test('an export through a pipe is whole', async () => {
  const { stdout } = await shell('"$@" export latest - | wc -c')
  expect(stdout.trim()).toBe('65536000')
})

test('inspect of a million entries holds none of them', async () => {
  const { stdout, stderr } = await shell('"$@" inspect latest | wc -l', { PRETEND_ENTRIES: '1000000' })
  expect(Number(stdout)).toBeGreaterThan(1_000_000)
  expect(Number(/peak (\d+)/.exec(stderr)?.[1])).toBeLessThan(200 * 1024)
}, 60_000)

function start(
  argv: string[],
  environment: Record<string, string>,
): { child: ChildProcess; until(text: string): Promise<void>; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [cli, ...argv], { env: { ...process.env, ...environment } })
  let [stdout, stderr] = ['', '']
  const listeners = new Set<() => void>()
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    for (const listener of listeners) listener()
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
    for (const listener of listeners) listener()
  })
  return {
    child,
    until: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!(stdout + stderr).includes(text)) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
      }),
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr }))),
  }
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s stops a backup cleanly with exit 130, and a second one does not cut that short',
  async (signal) => {
    const { child, until, ended } = start(['create', '--json'], { PRETEND_WAIT: '1' })
    await until('"started"')
    child.kill(signal)
    await until('cleaning up')
    child.kill('SIGINT')
    child.kill('SIGUSR2')
    const { code, stdout, stderr } = await ended
    expect(code).toBe(130)
    expect(stderr).toBe('waiting\ncleaning up\nclean\nclosed\n')
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as unknown
    expect(last).toEqual({
      kind: 'error',
      code: 'E_INTERRUPTED',
      message: 'interrupted; nothing half-done was left',
      hint: '',
    })
  },
)

test('a person who interrupts twice is told that it is stopping', async () => {
  const { child, until, ended } = start(['create'], { PRETEND_WAIT: '1' })
  await until('waiting')
  child.kill('SIGINT')
  await until('interrupted; stopping cleanly')
  child.kill('SIGINT')
  await until('still stopping; once more ends it at once')
  child.kill('SIGUSR2')
  expect((await ended).code).toBe(130)
})

test('a person who interrupts three times does not wait for a clean end', async () => {
  const { child, until, ended } = start(['create'], { PRETEND_WAIT: '1' })
  await until('waiting')
  child.kill('SIGINT')
  await until('interrupted; stopping cleanly')
  child.kill('SIGINT')
  await until('once more')
  child.kill('SIGINT')
  const { code, stderr } = await ended
  expect(code).toBe(130)
  expect(stderr).toContain('error: interrupted before it could stop cleanly')
})

test('an error that nobody awaited is told as any other, without a stack', async () => {
  const { code, stderr } = await start(['list'], { PRETEND_WAIT: '1', PRETEND_STRAY: '1' }).ended
  expect(code).toBe(1)
  expect(stderr).toMatch(/^listing\nerror: an unexpected error: .*JSON.*\nhint: please report it.*\n$/)
})

test('a command that only reads ends at once', async () => {
  const { child, until, ended } = start(['list'], { PRETEND_WAIT: '1' })
  await until('listing')
  child.kill('SIGINT')
  const { code, stderr } = await ended
  expect(code).toBe(130)
  expect(stderr).toContain('error: interrupted')
})

/** Types at the process on a terminal of its own: each answer once its question is there. */
function onTerminal(
  argv: string[],
  answers: [question: string, answer: string][],
  environment: Record<string, string> = {},
): Promise<Ended> {
  const line = [process.execPath, cli, ...argv].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', line, '/dev/null'], { env: { ...process.env, TERM: 'xterm', ...environment } })
  let stdout = ''
  let from = 0
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    const next = answers[0]
    const at = next === undefined ? -1 : stdout.indexOf(next[0], from)
    if (next === undefined || at < 0) return
    from = at + next[0].length
    answers.shift()
    child.stdin.write(next[1])
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr: '' })))
}

test('a passphrase typed on a real terminal is not echoed', async () => {
  const { code, stdout } = await onTerminal(
    ['init', '--passphrase'],
    [
      ['new passphrase: ', 'correct horse\r'],
      ['again: ', 'correct horse\r'],
    ],
  )
  expect(code).toBe(0)
  expect(stdout).not.toContain('horse')
  expect(stdout).toContain('made the repository')
})

test('Ctrl-C at a passphrase leaves with exit 130 and the terminal as it was', async () => {
  const { code, stdout } = await onTerminal(['list'], [['passphrase: ', 'abc\x03']], { PRETEND_ASK: '1' })
  expect(code).toBe(130)
  expect(stdout).toContain('interrupted')
  expect(stdout).not.toContain('abc')
})

test('export to a terminal is refused', async () => {
  const { code, stdout } = await onTerminal(['export', 'latest', '-'], [])
  expect(code).toBe(2)
  expect(stdout).toContain('a tar is not for a terminal')
})

test('export writes a new file, 0600, and nothing else', async () => {
  const file = join(scratch, 'out put.tar')
  const { exitCode, stdout } = await commandLine(['export', 'latest', file])
  expect(stdout).toBe(`exported 2026-11-20T02-00-00Z-full-7f3k\nfile: ${file}, 3 B\n`)
  expect(exitCode).toBe(0)
  expect(readFileSync(file, 'utf8')).toBe('tar')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(scratch)).toEqual(['out put.tar'])
})

test('export never overwrites a file, nor what another export is writing', async () => {
  const file = join(scratch, 'kept.tar')
  writeFileSync(file, 'mine')
  expect(await commandLine(['export', 'latest', file])).toMatchObject({ exitCode: 2, calls: [] })
  expect(readFileSync(file, 'utf8')).toBe('mine')
  writeFileSync(join(scratch, 'other.tar.part'), 'mine')
  expect(await commandLine(['export', 'latest', join(scratch, 'other.tar')])).toMatchObject({ exitCode: 2, calls: [] })
  expect(readFileSync(join(scratch, 'other.tar.part'), 'utf8')).toBe('mine')
})

test('an export that fails half way leaves no file', async () => {
  const file = join(scratch, 'half.tar')
  const exportBackup = async (_options: object, take: (bytes: Uint8Array) => Promise<void>): Promise<never> => {
    await take(Buffer.from('half'))
    throw new Error('broken')
  }
  expect((await commandLine(['export', 'latest', file], { engine: { exportBackup } })).exitCode).toBe(1)
  expect(readdirSync(scratch).filter((name) => name.startsWith('half'))).toEqual([])
})

test('export into a directory that is not there is a clear error', async () => {
  const { stderr, exitCode } = await commandLine(['export', 'latest', join(scratch, 'none', 'x.tar')])
  expect(stderr).toMatch(/^error: cannot make .*x\.tar\.part: no such file or directory\n/)
  expect(exitCode).toBe(1)
})
