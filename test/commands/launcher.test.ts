import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const launcher = fileURLToPath(new URL('../../bin/holdfast', import.meta.url))
let scratch: string
let home: string

/** A checkout that has the launcher and, for a build, a script that counts how often it ran. */
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'holdfast launcher-'))
  home = join(scratch, 'a checkout')
  for (const directory of ['bin', 'dist', 'node_modules/.bin', 'elsewhere'])
    mkdirSync(join(home, directory), { recursive: true })
  copyFileSync(launcher, join(home, 'bin/holdfast'))
  symlinkSync(process.execPath, join(home, 'node_modules/.bin/node'))
  writeFileSync(join(home, 'dist/cli.js'), program('built'))
  writeFileSync(join(home, 'package.json'), '{"type":"module"}')
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

const program = (what: string): string =>
  `console.log(JSON.stringify({ what: '${what}', argv: process.argv.slice(2), pid: process.pid, cwd: process.cwd(), keys: Object.keys(process.env).sort() }))`

interface Told {
  readonly what: string
  readonly argv: string[]
  readonly cwd: string
  readonly keys: string[]
}

function launch(
  argv: string[] = [],
  options: { path?: string; cwd?: string; env?: Record<string, string> } = {},
): { told: Told | null; status: number | null; stderr: string } {
  const env = { PATH: `/usr/bin${delimiter}/bin`, ...options.env }
  const { stdout, stderr, status } = spawnSync(options.path ?? join(home, 'bin/holdfast'), argv, {
    encoding: 'utf8',
    env,
    cwd: options.cwd ?? scratch,
  })
  return { told: stdout === '' ? null : (JSON.parse(stdout) as Told), status, stderr }
}

test('passes every argument on as it is, from any directory, and exports nothing', () => {
  const argv = ['create', 'a b', '', '$HOME', "it's", '--', '-x']
  const { told, stderr } = launch(argv)
  expect(told).toMatchObject({ what: 'built', argv, cwd: scratch })
  expect(told?.keys.filter((key) => !['PATH', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(key))).toEqual([])
  expect(stderr).toBe('')
})

test('finds its home behind a chain of symlinks, absolute and relative', () => {
  mkdirSync(join(scratch, 'bin'))
  symlinkSync(join(home, 'bin/holdfast'), join(scratch, 'bin/first'))
  symlinkSync('first', join(scratch, 'bin/second'))
  expect(launch([], { path: join(scratch, 'bin/second') }).told?.what).toBe('built')
  expect(launch([], { path: './second', cwd: join(scratch, 'bin') }).told?.what).toBe('built')
  const env = { PATH: `${join(scratch, 'bin')}:/usr/bin:/bin`, CDPATH: scratch }
  expect(launch([], { path: 'second', env }).told?.what).toBe('built')
})

/** A program that says it is Node of some version. */
function pretendNode(path: string, version: string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(
    path,
    `#!/bin/sh\nif [ "$1" = --version ]; then echo v${version}; else echo '{"what":"${version}"}'; fi\n`,
  )
  chmodSync(path, 0o755)
  return path
}

test('takes HOLDFAST_NODE first, then what npm installed, then PATH', () => {
  const named = pretendNode(join(scratch, 'named'), '24.9.9')
  const onPath = pretendNode(join(scratch, 'path/node'), '25.0.0')
  const env = { PATH: `${dirname(onPath)}:/usr/bin:/bin` }
  expect(launch([], { env: { ...env, HOLDFAST_NODE: named } }).told?.what).toBe('24.9.9')
  expect(launch([], { env }).told?.what).toBe('built')
  rmSync(join(home, 'node_modules/.bin/node'))
  pretendNode(join(home, 'node_modules/node/bin/node'), '24.1.0')
  expect(launch([], { env }).told?.what).toBe('24.1.0')
  rmSync(join(home, 'node_modules'), { recursive: true })
  expect(launch([], { env }).told?.what).toBe('25.0.0')
})

test.each(['20.11.0', '9.0.0', 'x'])('an old or strange Node on PATH is refused by name: %s', (version) => {
  rmSync(join(home, 'node_modules'), { recursive: true })
  const onPath = pretendNode(join(scratch, 'path/node'), version)
  const { status, stderr } = launch([], { env: { PATH: `${dirname(onPath)}:/usr/bin:/bin` } })
  expect(status).toBe(2)
  expect(stderr).toMatch(new RegExp(`^error: Holdfast needs Node 24 or newer, and node here is v${version}\nhint: `))
})

test('a HOLDFAST_NODE that is none is refused', () => {
  const { status, stderr } = launch([], { env: { HOLDFAST_NODE: '/bin/false' } })
  expect(status).toBe(2)
  expect(stderr).toContain('HOLDFAST_NODE names /bin/false')
})

function makeCheckout(build: string): void {
  rmSync(join(home, 'dist'), { recursive: true })
  mkdirSync(join(home, 'scripts'))
  mkdirSync(join(home, 'src'))
  writeFileSync(join(home, 'src/a.ts'), '')
  writeFileSync(join(home, 'scripts/build.ts'), build)
}

const goodBuild = `import { mkdirSync, readFileSync, writeFileSync, appendFileSync } from 'node:fs'
const home = new URL('..', import.meta.url)
mkdirSync(new URL('dist', home), { recursive: true })
appendFileSync(new URL('builds', home), 'x')
writeFileSync(new URL('dist/cli.js', home), ${JSON.stringify(program('fresh'))})
writeFileSync(new URL('dist/.built', home), '')
`

test('a checkout builds itself at the first use and again when a source is newer, and says so on stderr', () => {
  makeCheckout(goodBuild)
  expect(launch()).toMatchObject({ told: { what: 'fresh' }, stderr: 'building…\n' })
  expect(launch().stderr).toBe('')
  const later = new Date(Date.now() + 5000)
  utimesSync(join(home, 'src/a.ts'), later, later)
  expect(launch().stderr).toBe('building…\n')
})

test('a build that fails ends with exit 1 and starts nothing', () => {
  makeCheckout('process.exit(7)')
  const { status, told, stderr } = launch()
  expect({ status, told }).toEqual({ status: 1, told: null })
  expect(stderr).toContain('error: Holdfast could not be built')
})

test('becomes node: the pid and its signals are those of the program', async () => {
  writeFileSync(
    join(home, 'dist/cli.js'),
    "process.on('SIGTERM', () => process.exit(42)); setInterval(() => {}, 1000); console.log(process.pid)",
  )
  const child = spawn(join(home, 'bin/holdfast'), [], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = await new Promise<number>((resolve) => child.stdout.once('data', (chunk) => resolve(Number(chunk))))
  expect(pid).toBe(child.pid)
  child.kill('SIGTERM')
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(42)
})

test('is plain POSIX sh', () => {
  execFileSync('dash', ['-n', launcher])
  expect(readdirSync(dirname(launcher))).toEqual(['holdfast'])
})
