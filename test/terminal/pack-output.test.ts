import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { packFrame, packOutput } from '../../src/terminal/pack-output.ts'

// CommonJS, in a shape whose names Node cannot tell.
const { Terminal } = createRequire(import.meta.url)('@xterm/headless') as typeof import('@xterm/headless')

/** What a terminal shows after these frames, and where its cursor is. A terminal's driver makes \r\n of \n. */
async function shown(frames: readonly string[]): Promise<unknown> {
  const terminal = new Terminal({ cols: 20, rows: 6, allowProposedApi: true })
  for (const frame of frames)
    await new Promise<void>((resolve) => terminal.write(frame.replaceAll('\n', '\r\n'), resolve))
  const { active } = terminal.buffer
  const lines = Array.from({ length: 6 }, (_, row) => active.getLine(row)?.translateToString(true))
  const cursor = [active.cursorX, active.cursorY]
  terminal.dispose()
  return { lines, cursor }
}

const first = ['one', 'two', 'three', 'four', 'five', 'six'].join('\n')

test.each([
  ['one line in the middle', `\x1b[5A${'\x1b[E'.repeat(3)}\x1b[1G\x1b[K\x1b[7mFOUR\x1b[27m\n\x1b[E`],
  ['two, one after the other', `\x1b[5A\x1b[E\x1b[1G\x1b[KTWO\n\x1b[1G\x1b[KTHREE\n\x1b[E\x1b[E`],
  ['the end of one, and the last', `\x1b[5A\x1b[3G\x1b[K-\n${'\x1b[E'.repeat(4)}\x1b[1G\x1b[KSIX`],
  ['nothing', `\x1b[5A${'\x1b[E'.repeat(5)}`],
])('draws the same in fewer bytes: %s', async (_, frame) => {
  expect(packFrame(frame).length).toBeLessThan(frame.length)
  expect(await shown([first, packFrame(frame)])).toEqual(await shown([first, frame]))
})

test('leaves alone what is no step', () => {
  for (const text of ['plain\n\x1b[31mred', '\x1b[E', '\x1b[2E\x1b[E1', '[E[E[E']) expect(packFrame(text)).toBe(text)
})

test('a stream writes as before once it is given back, and bytes are never touched', () => {
  const written: unknown[] = []
  const stream = { write: (chunk: unknown, after?: unknown) => written.push(chunk, after) > 0 }
  const before = stream.write
  const giveBack = packOutput(stream as unknown as NodeJS.WriteStream)
  const after = (): void => {}
  stream.write('\x1b[E\x1b[E', after)
  stream.write(Buffer.from('\x1b[E\x1b[E'))
  giveBack()
  expect(written).toEqual(['\x1b[2E', after, Buffer.from('\x1b[E\x1b[E'), undefined])
  expect(stream.write).toBe(before)
})
