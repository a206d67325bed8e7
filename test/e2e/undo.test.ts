import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Stage } from './stage.ts'
import { differences, makeTree } from './trees.ts'

/** A restore in place that dies half way, is gone on with, and is taken back, as an operator does it. */

const files = 1200
let stage: Stage
let source: string
let before: string

beforeEach(async () => {
  stage = new Stage()
  source = stage.at('source')
  before = stage.at('before')
  makeTree(source, files, 1 << 20)
  await stage.succeed(['create', source])
  for (let file = 0; file < files; file += 2)
    appendFileSync(join(source, `directory-${Math.floor(file / 20)}`, `file-${file}`), 'changed since')
  for (let file = 1; file < files; file += 40)
    rmSync(join(source, `directory-${Math.floor(file / 20)}`, `file-${file}`))
  writeFileSync(join(source, 'directory-3', 'added since'), 'added')
  execFileSync('cp', ['-a', source, before])
})
afterEach(() => stage.remove())

const restore = ['restore', 'latest', '--in-place', '--delete-extra', '--yes']

/** Runs it and kills it with SIGKILL once it has begun to change the tree; the id it told. */
async function killed(args: readonly string[]): Promise<string> {
  const running = stage.start([...args, '--json'])
  await running.until('"phase":"restoring"')
  running.child.kill('SIGKILL')
  const { signal, stdout } = await running.ended
  expect(signal).toBe('SIGKILL')
  return (JSON.parse(stdout.split('\n')[0] as string) as { run: string }).run
}

interface Listed {
  readonly restores: readonly { readonly id: string; readonly state: string }[]
}

test('killed half way it is gone on with under its own id, and taken back to before it began', async () => {
  const id = await killed(restore)
  const { code, last } = await stage.json(['status'])
  expect(code).toBe(3)
  expect(JSON.stringify(last)).toContain(`holdfast restore --resume ${id} goes on`)

  const resumed = await stage.json(restore)
  expect(resumed).toMatchObject({ code: 0, last: { restore: { id, undo: true } } })
  expect(existsSync(join(source, 'directory-3', 'added since'))).toBe(false)
  expect(differences(before, source)).not.toEqual([])

  const undone = await killed(['undo', id, '--yes'])
  expect(undone).not.toBe(id)
  expect((await stage.json(['undo'])).last as unknown as Listed).toMatchObject({
    restores: [{ id, state: 'half-undone' }],
  })
  expect(await stage.succeed(['undo', id.slice(-4), '--yes'])).toContain(`undo of ${id}`)
  expect(execFileSync('diff', ['-r', '--no-dereference', before, source], { encoding: 'utf8' })).toBe('')
  expect(differences(before, source)).toEqual([])
  expect((await stage.json(['undo'])).last as unknown as Listed).toMatchObject({ restores: [{ id, state: 'undone' }] })
  expect(await stage.succeed(['undo', id, '--yes'])).toContain('nothing to do')
  expect(readdirSync(stage.at('repository', 'temp'))).toEqual([])
})

test('killed half way it is taken back as it is; --no-undo saves nothing and cannot be', async () => {
  await killed(restore)
  await stage.succeed(['undo', 'latest', '--yes'])
  expect(differences(before, source)).toEqual([])

  const { last } = await stage.json([...restore, '--no-undo'])
  const { restore: told } = last as unknown as { restore: { id: string; undo: boolean } }
  expect(told.undo).toBe(false)
  const { code, stderr } = await stage.run(['undo', told.id, '--yes'])
  expect(code).toBe(2)
  expect(stderr).toContain('has left no way back')
})
