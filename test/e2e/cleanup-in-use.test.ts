import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { noise } from './incremental-kit.ts'
import { backupIds, type JsonLine, Stage } from './stage.ts'

/** Real processes: one reads a backup and stands still, another one cleans up beside it. */

interface Cleaned {
  readonly deleted: readonly string[]
  readonly left: readonly { readonly id: string; readonly because: string }[]
}

async function openStage(): Promise<{ stage: Stage; old: string; newest: string }> {
  const stage = new Stage()
  onTestFinished(() => stage.remove())
  mkdirSync(stage.at('source'))
  for (let file = 0; file < 40; file++) writeFileSync(stage.at('source', `file-${file}`), noise(file, 1 << 20))
  const make = async () =>
    ((await stage.json(['create', stage.at('source')])).last['backup'] as { readonly id: string }).id
  return { stage, old: await make(), newest: await make() }
}

function cleaned(last: JsonLine): Cleaned {
  return last as unknown as Cleaned // its fields are what the test looks at
}

test('a cleanup leaves a backup that is being restored, and the next one takes it', { timeout: 60_000 }, async () => {
  const { stage, old, newest } = await openStage()
  const restoring = stage.start(['restore', old, '--target', stage.at('target'), '--json'])
  await restoring.until('"started"')
  restoring.child.kill('SIGSTOP')
  onTestFinished(() => void restoring.child.kill('SIGKILL'))

  const beside = await stage.json(['cleanup', '--keep', '1', '--yes'])
  expect(beside.code).toBe(3)
  expect(cleaned(beside.last)).toMatchObject({
    deleted: [],
    left: [{ id: old, because: `${old} is in use by process ${restoring.child.pid}` }],
  })
  expect(await stage.json(['delete', old, '--yes'])).toMatchObject({
    code: 5,
    last: { kind: 'error', code: 'E_BUSY', message: `${old} is in use by process ${restoring.child.pid}` },
  })
  expect(backupIds(stage.root)).toEqual([old, newest].sort())

  restoring.child.kill('SIGCONT')
  expect((await restoring.ended).code).toBe(0)
  for (let file = 0; file < 40; file++)
    expect(
      readFileSync(`${stage.at('target')}${stage.at('source', `file-${file}`)}`).equals(noise(file, 1 << 20)),
    ).toBe(true)
  const after = await stage.json(['cleanup', '--keep', '1', '--yes'])
  expect({ code: after.code, ...cleaned(after.last) }).toMatchObject({ code: 0, deleted: [old], left: [] })
  expect(stage.litter()).toEqual([])
})

test('a restore that was killed holds nothing any more', { timeout: 60_000 }, async () => {
  const { stage, old } = await openStage()
  const restoring = stage.start(['restore', old, '--target', stage.at('target'), '--json'])
  await restoring.until('"started"')
  restoring.child.kill('SIGKILL')
  await restoring.ended
  const after = await stage.json(['cleanup', '--keep', '1', '--yes'])
  expect({ code: after.code, ...cleaned(after.last) }).toMatchObject({ code: 0, deleted: [old] })
})
