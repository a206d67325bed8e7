import { expect, test } from 'vitest'
import { lineText } from '../../../src/screens/text/line.ts'
import { hexLines, previewLines, textOf } from '../../../src/screens/text/preview-lines.ts'

function shown(content: string | Buffer, sizeBytes?: number): string[] {
  const bytes = Buffer.from(content)
  const preview = { bytes, sizeBytes: sizeBytes ?? bytes.length, proof: 'file' } as const
  return previewLines(preview, 80, 5).map(lineText)
}

test('shows text line by line, with tabs as blanks and nothing a terminal would act upon', () => {
  expect(shown('a\tb\r\n\x1b[31mred\\n grün\n')).toEqual([' a    b', ' \\e[31mred\\n grün', ' '])
})

test('shows no more lines than there is room for', () => {
  expect(shown('1\n2\n3\n4\n5\n6\n7')).toEqual([' 1', ' 2', ' 3', ' 4', ' 5'])
})

test('shows what is no text byte for byte', () => {
  expect(shown(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0xff]))).toEqual([
    ' 00000000  7f 45 4c 46 00 ff                                .ELF..',
  ])
  expect(textOf(Buffer.from('gr\xfcn', 'latin1'), false)).toBe(null)
})

test('fits narrow screens with half the bytes a line', () => {
  const lines = hexLines(Buffer.alloc(20, 65), 60, 10).map(lineText)
  expect(lines).toHaveLength(3)
  expect(lines[2]).toMatch(/^ 00000010 {2}41 41 41 41 +AAAA$/)
})

test('a text that is cut in the midst of a character is still text, and one that ends so is not', () => {
  const bytes = Buffer.from('grün').subarray(0, 3)
  expect(textOf(bytes, true)).toBe('gr')
  expect(textOf(bytes, false)).toBe(null)
})

test('says that a file is empty', () => {
  expect(shown('')).toEqual([' empty'])
})
