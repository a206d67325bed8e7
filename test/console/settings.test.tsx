import { expect, test } from 'vitest'
import { key, openConsole } from './harness.tsx'

test('shows every setting and where it came from', async () => {
  const console = await openConsole()
  await console.keys('7')
  const frame = await console.until('storage.local.path')
  expect(frame).toMatch(/storage\.local\.path .*\/srv\/backup .*file .*backup_config\.json:3:4/)
  expect(frame).toContain('console.glyphs')
})

test('finds a setting', async () => {
  const console = await openConsole()
  await console.keys('7')
  await console.until('storage.local.path')
  await console.keys('/escape')
  await console.until('1 of 5')
  await console.until('20 ms')
})

test('lists the keys by their fingerprints, and the one at hand', async () => {
  const console = await openConsole()
  await console.keys(`7${key.tab}`)
  expect(await console.until('[Keys 1]')).toMatch(/✔ 00ff .*keyfile .*first/)
})

test('counts what is wrong, and says what to do', async () => {
  const console = await openConsole()
  await console.keys(`7${key.shiftTab}`)
  await console.until('[Checks 2 ! 1]')
  await console.keys(key.down)
  await console.until('what to do: holdfast init')
})

test('looks again when asked', async () => {
  let looked = 0
  const console = await openConsole({
    engine: {
      async doctor() {
        looked++
        return { ok: true, checks: [{ name: 'node', state: 'ok', what: `look ${looked}`, hint: '' }], settings: [] }
      },
    },
  })
  await console.keys(`7${key.shiftTab}`)
  await console.until('look 1')
  await console.keys('r')
  await console.until('look 2')
})
