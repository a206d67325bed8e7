import { expect, test } from 'vitest'
import { EscapedText, FormDecision, hexDump } from '../../../src/engine/browse/reading-form.ts'

function formOf(bytes: Uint8Array, piece: number): { form: string; isUtf8: boolean } {
  const decision = new FormDecision()
  for (let at = 0; at < bytes.length; at += piece) decision.take(bytes.subarray(at, at + piece))
  return { form: decision.end(), isUtf8: decision.isUtf8 }
}

test.each([
  ['plain text', Buffer.from('a\tb\nc\r\n'), 'text'],
  ['umlauts and CJK', Buffer.from('grün 日本語\n'), 'text'],
  ['nothing', Buffer.alloc(0), 'text'],
  ['an escape sequence', Buffer.from('\x1b[31mred'), 'escaped'],
  ['a carriage return that overwrites', Buffer.from('secret\rpublic\n'), 'escaped'],
  ['a C1 control', Buffer.from('a\u009b31m'), 'escaped'],
  ['text turned around', Buffer.from('a\u202eb'), 'escaped'],
  ['another character set', Buffer.from('gr\xfcn', 'latin1'), 'escaped'],
  ['a cut character', Buffer.from('grün').subarray(0, 3), 'escaped'],
  ['a zero byte', Buffer.from('a\0b'), 'hex'],
])('%s', (_name, bytes, form) => {
  for (const piece of [1000, 7, 3]) expect(formOf(bytes, piece).form).toBe(form)
})

function escaped(bytes: Uint8Array, isUtf8: boolean, piece: number): string {
  const text = new EscapedText(isUtf8)
  let all = ''
  for (let at = 0; at < bytes.length; at += piece) all += text.take(bytes.subarray(at, at + piece))
  return all + text.end()
}

test('spells out what a terminal would act upon, wherever the pieces are cut', () => {
  const bytes = Buffer.from('\x1b[31mgrün\r\nover\rwritten\u202e\t日\r')
  for (const piece of [1, 2, 5, 1000])
    expect(escaped(bytes, true, piece)).toBe('\\x1b[31mgrün\nover\\x0dwritten\\u202e\t日\\x0d')
})

test('spells out bytes of an unknown character set', () => {
  for (const piece of [1, 1000])
    expect(escaped(Buffer.from('gr\xfcn\x9b1m', 'latin1'), false, piece)).toBe('gr\\xfcn\\x9b1m')
})

test('dumps sixteen bytes a line, with their place in the file', () => {
  expect(hexDump(Buffer.from('0123456789abcdef!\n'), 0x20)).toBe(
    '00000020  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n' +
      '00000030  21 0a                                             |!.|\n',
  )
})
