import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import type { Engine } from '../../src/model/engine.ts'
import { pathFromText } from '../../src/model/path.ts'
import type { Files } from '../../src/model/ports.ts'
import { engineAt } from '../engine-kit.ts'

let top = ''
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  mkdirSync(join(top, 'etc'))
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

function engine(files?: Files): Engine {
  const more = files === undefined ? {} : { files }
  return engineAt({ root: join(top, 'repository'), home: top, key: '1'.repeat(64), ...more })
}

function configure(configuration: unknown): void {
  writeFileSync(join(top, 'backup_config.json'), JSON.stringify(configuration))
}

test('without a configuration there are no services, and nothing is made', async () => {
  expect(await engine().sources()).toEqual({ services: [], compression: 'zstd', encrypted: true })
  expect(existsSync(join(top, 'repository'))).toBe(false)
})

test('a service comes with its paths, volumes and patterns, and with what is wrong', async () => {
  configure({
    services: {
      web: {
        type: 'files',
        include_paths: [join(top, 'etc'), join(top, 'gone')],
        exclude_patterns: ['*.tmp'],
        volume_paths: [join(top, 'no volume')],
      },
      ledger: { type: 'postgres' },
    },
  })
  const { services } = await engine().sources()
  expect(services.map(({ name }) => name)).toEqual(['web', 'ledger'])
  expect(services[0]).toMatchObject({
    type: 'files',
    definedBy: expect.stringContaining('web'),
    paths: [
      { path: join(top, 'etc'), problem: null },
      { path: join(top, 'gone'), problem: 'does not exist' },
    ],
    volumes: [{ path: join(top, 'no volume'), problem: 'does not exist' }],
    exclude: ['*.tmp'],
    problem: null,
  })
  expect(services[1]).toMatchObject({ type: 'postgres', problem: expect.stringMatching(/postgres/) })
})

test('a path that cannot be looked at says why', async () => {
  configure({ services: { web: { type: 'files', include_paths: [join(top, 'etc')] } } })
  const disk = createDiskFiles()
  const files: Files = {
    ...disk,
    status(path) {
      if (path !== pathFromText(join(top, 'etc'))) return disk.status(path)
      throw Object.assign(new Error('no'), { code: 'EACCES', syscall: 'lstat' })
    },
  }
  const { services } = await engine(files).sources()
  expect(services[0]?.paths[0]?.problem).toBe(`cannot look at ${join(top, 'etc')}: permission denied`)
})
