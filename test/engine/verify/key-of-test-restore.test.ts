import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import type { Files } from '../../../src/model/ports.ts'
import { engineAt } from '../../engine-kit.ts'

let top = ''
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

test.each([32, 100])(
  'a test restore leaves no key file of %d bytes where the backups lie, not even while it runs',
  async (length) => {
    const key = randomBytes(length)
    const keyFile = join(top, 'key')
    writeFileSync(keyFile, key)
    mkdirSync(join(top, 'source'))
    writeFileSync(join(top, 'source', 'file'), 'content')
    const disk = createDiskFiles()
    const created = new Map<number, string>()
    const named: string[] = []
    const files: Files = {
      ...disk,
      open(path, mode) {
        const fd = disk.open(path, mode)
        created.set(fd, path)
        return fd
      },
      write(fd, bytes, position) {
        disk.write(fd, bytes, position)
        const path = created.get(fd) ?? ''
        if (Buffer.from(bytes).includes(key) && existsSync(path)) named.push(path)
      },
    }
    const engine = engineAt({ root: join(top, 'repository'), home: top, key: '', keyFile, files })
    const { signal } = new AbortController()
    const during = { signal, listen: () => {} }
    const options = { paths: [join(top, 'source')], type: 'full', services: [], description: '' } as const
    await engine.create(
      {
        ...options,
        exclude: [],
        excludeCaches: false,
        oneFileSystem: false,
        compression: null,
        estimate: false,
        paranoid: false,
        acceptEmpty: false,
        withoutVolumes: false,
      },
      during,
    )
    const { reports } = await engine.verify({ backups: ['latest'], level: 'restore', workers: null }, during)
    expect(reports.map(({ ok, problems }) => ({ ok, problems }))).toEqual([{ ok: true, problems: [] }])
    expect(named).toEqual([])
  },
)
