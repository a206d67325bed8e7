import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { lookAtTarget } from '../../../src/engine/restore/look-at-target.ts'
import { pathFromText } from '../../../src/model/path.ts'
import type { TargetLook } from '../../../src/model/planned-restore.ts'

const files = createDiskFiles()
const top = mkdtempSync(join(tmpdir(), 'holdfast-look-'))
for (const name of ['repository', 'empty', 'used']) mkdirSync(join(top, name))
writeFileSync(join(top, 'used', 'file'), 'content')
symlinkSync('empty', join(top, 'link'))
afterAll(() => rmSync(top, { recursive: true, force: true }))

function look(path: string): TargetLook {
  return lookAtTarget(files, pathFromText(path), pathFromText(join(top, 'repository')))
}

test('tells a new directory from an empty one and one with something in it', () => {
  const states = ['deep/and/new', 'empty', 'used', 'link'].map((name) => look(join(top, name)).state)
  expect(states).toEqual(['new', 'empty', 'used', 'empty'])
})

test('says how much is free where the directory will be, and what it is called', () => {
  const { path, freeBytes } = look(join(top, 'deep/new\nline'))
  expect(path).toBe(`${top}/deep/new\\nline`)
  expect(freeBytes).toBeGreaterThan(0)
})

test('refuses what is no directory, and what lies in the repository', () => {
  expect(() => look(join(top, 'used/file'))).toThrow(expect.objectContaining({ code: 'E_TARGET' }))
  expect(() => look(join(top, 'used/file/below'))).toThrow(expect.objectContaining({ code: 'E_TARGET' }))
  expect(() => look(join(top, 'repository/archives'))).toThrow(expect.objectContaining({ code: 'E_TARGET' }))
})
