import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { KeyStream } from '../../src/terminal/key-stream.ts'

type Listener = (...args: never[]) => void

/** A terminal's input that a test feeds, packet by packet. */
class Source {
  readonly #listeners = new Map<string, Listener>()
  on(event: string, listener: Listener): void {
    this.#listeners.set(event, listener)
  }
  removeListener(event: string): void {
    this.#listeners.delete(event)
  }
  emit(event: string, bytes?: Uint8Array): void {
    const listener = this.#listeners.get(event) as ((bytes?: Uint8Array) => void) | undefined
    listener?.(bytes)
  }
  pause(): void {}
  resume(): void {}
  setRawMode(): void {}
}

const patientMs = 60_000

/** A stream that nothing times out in, and the keys it has given. */
function open(
  escapeMs = patientMs,
  now: () => number = () => 0,
): { stream: KeyStream; source: Source; keys: string[] } {
  const source = new Source()
  const stream = new KeyStream(source, escapeMs, now)
  const keys: string[] = []
  stream.on('readable', () => {
    const key = stream.read()
    if (key !== null) keys.push(key)
  })
  stream.setRawMode(true)
  return { stream, source, keys }
}

async function fed(packets: readonly Uint8Array[]): Promise<string[]> {
  const { stream, source, keys } = open()
  for (const packet of packets) {
    source.emit('data', packet)
    await nextTurn()
  }
  for (let turn = 0; turn < 200; turn++) await nextTurn()
  stream.setRawMode(false)
  return keys
}

const strings: readonly [name: string, text: string, keys: readonly string[]][] = [
  ['letters and Enter', 'abc\r', ['a', 'b', 'c', '\r']],
  ['an arrow and Enter', '\x1b[B\r', ['\x1b[B', '\r']],
  ['arrows of both kinds', '\x1b[A\x1bOB\x1b[1;5C', ['\x1b[A', '\x1bOB', '\x1b[1;5C']],
  ['keys with numbers', '\x1b[5~\x1b[6~\x1b[3~\x1b[Z', ['\x1b[5~', '\x1b[6~', '\x1b[3~', '\x1b[Z']],
  ['Ctrl-C among letters', 'j\x03k', ['j', '\x03', 'k']],
  ['an Alt letter', '\x1bxq', ['\x1bx', 'q']],
  ['a marked paste', '\x1b[200~rm -rf\ry\x1b[201~q', ['\x1b[200~rm -rf\ry\x1b[201~', 'q']],
  ['an answer of the terminal', 'a\x1b]11;rgb:0000/0000/0000\x1b\\b', ['a', 'b']],
  ['a device attribute string', '\x1bP>|xterm(390)\x1b\\\x1b[A', ['\x1b[A']],
  ['accents, CJK, emoji', 'é日\u{1f600}e\u0301x', ['é', '日', '\u{1f600}', 'e\u0301', 'x']],
  ['a mouse of old', '\x1b[M !!q', ['q']],
  ['a function key of the Linux console', '\x1b[[Aq', ['\x1b[[A', 'q']],
]

test.each(strings)('gives one key at a time: %s', async (_name, text, keys) => {
  expect(await fed([Buffer.from(text)])).toEqual(keys)
})

test.each(strings)('gives the same however the bytes are split in two: %s', async (_name, text, keys) => {
  const bytes = Buffer.from(text)
  for (let at = 1; at < bytes.length; at++) {
    // A mark that joins what stands before it is one key only where both arrive together.
    if (bytes[at] === 0xcc || bytes[at - 1] === 0xcc) continue
    const given = await fed([bytes.subarray(0, at), bytes.subarray(at)])
    expect({ at, keys: given }).toEqual({ at, keys })
  }
})

test.each(strings.filter(([name]) => name !== 'accents, CJK, emoji'))(
  'gives the same byte by byte: %s',
  async (_name, text, keys) => {
    expect(await fed(Array.from(Buffer.from(text), (byte) => Buffer.of(byte)))).toEqual(keys)
  },
)

test('gives each key in a turn of its own, so that a screen is drawn between two', async () => {
  const { stream, source } = open()
  const turns: number[] = []
  let turn = 0
  stream.on('readable', () => turns.push(turn))
  source.emit('data', Buffer.from('\x1b[B\r'))
  for (; turn < 20; turn++) await nextTurn()
  expect(turns).toHaveLength(2)
  expect(turns[0]).toBeLessThan(turns[1]!)
})

test('an Esc alone is an Esc once its time has passed', async () => {
  const { stream, source, keys } = open(1)
  const heard = new Promise((resolve) => stream.once('readable', resolve))
  source.emit('data', Buffer.from('\x1b'))
  expect(keys).toEqual([])
  await heard
  expect(keys).toEqual(['\x1b[27u'])
})

test('an arrow whose end comes after its time is an Esc, and its end types nothing', async () => {
  const { stream, source, keys } = open(1)
  const heard = new Promise((resolve) => stream.once('readable', resolve))
  source.emit('data', Buffer.from('\x1b'))
  await heard
  source.emit('data', Buffer.from('[Bx'))
  await nextTurn()
  await nextTurn()
  expect(keys).toEqual(['\x1b[27u', 'x'])
})

test.each([
  ['after its second byte', ['\x1b[', 'B'], []],
  ['after each of its bytes', ['\x1b', '[', 'B'], ['\x1b[27u']],
  ['within its numbers', ['\x1b[1;', '5D'], []],
  ['behind an O', ['\x1bO', 'B'], []],
])('an arrow that is torn %s types nothing, however late its pieces come', async (_where, pieces, keys) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const opened = open(20)
  for (const piece of [...pieces, 'x']) {
    opened.source.emit('data', Buffer.from(piece))
    vi.advanceTimersByTime(40)
  }
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  expect(opened.keys).toEqual([...keys, 'x'])
})

test('an unmarked burst of text is a paste, and what a hand holds down is not', async () => {
  const text = 'y\rdelete everything now\r'
  expect(await fed([Buffer.from(`${text}and more`)])).toEqual([`\x1b[200~${text}and more\x1b[201~`])
  expect(await fed([Buffer.from('j'.repeat(40))])).toHaveLength(40)
})

test('a paste cannot end itself', async () => {
  const given = await fed([Buffer.from('\x1b[200~a\x1b[31mb\x1b[201~')])
  expect(given).toEqual(['\x1b[200~a[31mb\x1b[201~'])
})

test('flush forgets what was typed ahead, and what comes while it holds', async () => {
  let now = 0
  const { stream, source, keys } = open(patientMs, () => now)
  source.emit('data', Buffer.from('yyy'))
  stream.flush(300)
  now = 299
  source.emit('data', Buffer.from('y'))
  now = 300
  source.emit('data', Buffer.from('z'))
  for (let turn = 0; turn < 10; turn++) await nextTurn()
  expect(keys).toEqual(['z'])
})

test('keys wait while nobody listens', async () => {
  const source = new Source()
  const stream = new KeyStream(source, patientMs)
  stream.setRawMode(true)
  source.emit('data', Buffer.from('ab'))
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  const keys: (string | null)[] = []
  stream.on('readable', () => keys.push(stream.read()))
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  expect(keys).toEqual(['a', 'b'])
})

test.each(['end', 'close', 'error'])('tells once that the terminal is gone: %s', (event) => {
  const { stream, source } = open()
  let gone = 0
  stream.on('gone', () => gone++)
  source.emit(event)
  source.emit('close')
  expect(gone).toBe(1)
})

test('reads nothing while the terminal belongs to somebody else', async () => {
  const { stream, source, keys } = open()
  stream.setRawMode(false)
  source.emit('data', Buffer.from('q'))
  stream.setRawMode(true)
  source.emit('data', Buffer.from('r'))
  await nextTurn()
  await nextTurn()
  expect(keys).toEqual(['r'])
})
