import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const home = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): string => readFileSync(join(home, path), 'utf8')

interface LockedPackage {
  readonly version?: string
  readonly integrity?: string
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}
const locked = (JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> }).packages // npm's own

test('the lock file names no host', () => {
  expect(read('package-lock.json')).not.toMatch(/"resolved"/)
  expect(read('.npmrc')).toContain('omit-lockfile-registry-resolved=true\n')
})

test('the lock file has every package that npm ci looks for, those of other platforms too', () => {
  const missing = Object.entries(locked).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !isLocked(path, name))
      .map((name) => `${name}, wanted by ${path}`),
  )
  expect(missing).toEqual([])
})

test('whatever Linux with glibc on x64 or arm64 installs is pinned by a hash', () => {
  const fits = (list: readonly string[] | undefined, ...wanted: string[]): boolean =>
    list === undefined || wanted.some((one) => list.includes(one))
  const unpinned = Object.entries(locked)
    .filter(([, { os, cpu, libc }]) => fits(os, 'linux') && fits(cpu, 'x64', 'arm64') && fits(libc, 'glibc'))
    .filter(([path, { integrity }]) => path !== '' && integrity === undefined)
  expect(unpinned.map(([path]) => path)).toEqual([])
})

test('every dependency of the program is imported by it', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
  const names = readdirSync(join(home, 'src'), { recursive: true, encoding: 'utf8' })
  const source = names.filter((name) => /\.tsx?$/.test(name)).map((name) => read(join('src', name)))
  const idle = Object.keys(dependencies).filter((name) => !source.some((text) => text.includes(`'${name}`)))
  expect(idle).toEqual([])
})

test('a package has the launcher, the recovery kit with the format, and no cache', () => {
  const options = ['--dry-run', '--json', '--ignore-scripts'] // the scripts would build under the feet of other tests
  const { stdout } = spawnSync('npm', ['pack', ...options], { cwd: home, encoding: 'utf8' })
  const packed = [...stdout.matchAll(/"path": "([^"]+)"/g)].map(([, path]) => path)
  expect(packed).toEqual(
    expect.arrayContaining([
      'bin/holdfast',
      'recovery/recover.py',
      'recovery/recover.mjs',
      'recovery/README.md',
      'docs/format.md',
    ]),
  )
  expect(packed.filter((path) => /^(src|test|data|bench)\/|\/\./.test(path!))).toEqual([])
})

/** Node's own way up: beside the package that wants it, or further out. */
function isLocked(from: string, name: string): boolean {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (locked[at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`] !== undefined) return true
    if (at === '') return false
  }
}
