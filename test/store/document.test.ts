import { expect, test } from 'vitest'
import { z } from 'zod'
import { openDocument } from '../../src/store/document.ts'

const schema = z.looseObject({ v: z.literal(2), count: z.int() })

function memory(text: string | null) {
  const calls: string[] = []
  const adapter = {
    text,
    calls,
    read: async () => {
      calls.push('read')
      return adapter.text
    },
    write: async (written: string) => {
      calls.push('write')
      adapter.text = written
    },
    lock: async <T>(act: () => Promise<T>) => {
      calls.push('lock')
      try {
        return await act()
      } finally {
        calls.push('unlock')
      }
    },
  }
  return adapter
}

test('tells a good document from an absent and from a damaged one', async () => {
  const read = (text: string | null) => openDocument(schema, memory(text)).read()
  expect(await read('{"v":2,"count":1}')).toEqual({ state: 'ok', value: { v: 2, count: 1 } })
  expect(await read(null)).toEqual({ state: 'absent' })
  expect(await read('')).toEqual({ state: 'damaged', why: 'it is empty, or no file' })
  expect(await read('{"v":2,"cou')).toEqual({ state: 'damaged', why: 'it is not JSON' })
  expect(await read('null')).toMatchObject({ state: 'damaged' })
  expect(await read('{"v":2,"count":"many"}')).toMatchObject({
    state: 'damaged',
    why: expect.stringContaining('count'),
  })
})

test('reads and writes under the lock, and gives what it wrote', async () => {
  const adapter = memory('{"v":2,"count":1}')
  const written = await openDocument(schema, adapter).update((found) => {
    expect(found).toEqual({ state: 'ok', value: { v: 2, count: 1 } })
    return { v: 2, count: 2 }
  })
  expect(written).toEqual({ v: 2, count: 2 })
  expect(adapter.calls).toEqual(['lock', 'read', 'write', 'unlock'])
  expect(JSON.parse(adapter.text ?? '')).toEqual({ v: 2, count: 2 })
})

test('reads anew for every update, for another process may have written', async () => {
  const adapter = memory('{"v":2,"count":1}')
  const document = openDocument(schema, adapter)
  const oneMore = () => document.update((found) => ({ v: 2, count: found.state === 'ok' ? found.value.count + 1 : -1 }))
  await oneMore()
  adapter.text = '{"v":2,"count":40}'
  expect(await oneMore()).toEqual({ v: 2, count: 41 })
})

test('begins where there is no document, and may replace a damaged one', async () => {
  for (const [text, state] of [
    [null, 'absent'],
    ['{', 'damaged'],
  ] as const) {
    const adapter = memory(text)
    await openDocument(schema, adapter).update((found) => {
      expect(found.state).toBe(state)
      return { v: 2, count: 0 }
    })
    expect(JSON.parse(adapter.text ?? '')).toEqual({ v: 2, count: 0 })
  }
})

test('writes nothing where the change throws or gives what the schema refuses, and lets the lock go', async () => {
  const adapter = memory('{"v":2,"count":1}')
  const document = openDocument(schema, adapter)
  await expect(document.update(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await expect(document.update(() => ({ v: 2, count: 1.5 }))).rejects.toThrow()
  expect(adapter.calls).toEqual(['lock', 'read', 'unlock', 'lock', 'read', 'unlock'])
  expect(adapter.text).toBe('{"v":2,"count":1}')
})

test('brings an older document up to date before it is checked', async () => {
  const migrate = (value: unknown) => {
    const { v, n } = value as { v: number; n: number }
    if (v > 2) throw new Error('it is of a later version')
    return v === 1 ? { v: 2, count: n } : value
  }
  const adapter = memory('{"v":1,"n":5}')
  const document = openDocument(schema, adapter, { migrate })
  expect(await document.read()).toEqual({ state: 'ok', value: { v: 2, count: 5 } })
  adapter.text = '{"v":3}'
  expect(await document.read()).toEqual({ state: 'damaged', why: 'it is of a later version' })
})

test('keeps keys it does not know', async () => {
  const adapter = memory('{"v":2,"count":1,"later":[1]}')
  await openDocument(schema, adapter).update((found) => {
    if (found.state !== 'ok') throw new Error(found.state)
    return { ...found.value, count: 2 }
  })
  expect(JSON.parse(adapter.text ?? '')).toEqual({ v: 2, count: 2, later: [1] })
})
