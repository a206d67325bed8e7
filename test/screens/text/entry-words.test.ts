import { expect, test } from 'vitest'
import type { BytePath } from '../../../src/model/path.ts'
import {
  detailLines,
  entryMoment,
  metadataLine,
  nameText,
  ownerText,
  sizeText,
} from '../../../src/screens/text/entry-words.ts'
import { asciiGlyphs, unicodeGlyphs } from '../../../src/screens/text/glyphs.ts'
import { lineText } from '../../../src/screens/text/line.ts'
import { tocEntry } from '../../commands/pretend-engine.ts'

test('times are UTC, also before 1970, and what no calendar has is no time', () => {
  expect(entryMoment(1_700_000_000_123_456_789n)).toBe('2023-11-14 22:13Z')
  expect(entryMoment(-1n)).toBe('1969-12-31 23:59Z')
  expect(entryMoment(99_999_999_999_999_999_999n * 1000n)).toBe('?')
  const [, , , , , modified] = detailLines(tocEntry('x', { mtimeNs: -1n }), 80, unicodeGlyphs).map(lineText)
  expect(modified).toBe('modified    1969-12-31 23:59:59.999999999Z')
})

test('names tell directories and links from files, and are plain', () => {
  const name = (more: Parameters<typeof tocEntry>[1], path = 'x'): string => {
    const entry = tocEntry(path, more)
    return nameText({ path: entry.path, entry }, entry.path, unicodeGlyphs)
  }
  expect(name({})).toBe('x')
  expect(name({ type: 'directory' })).toBe('x/')
  expect(name({ type: 'symlink', linkTarget: '/a\nb' as BytePath })).toBe('x → /a\\nb')
  expect(name({}, '\x1b[2J')).toBe('\\e[2J')
  expect(nameText({ path: 'var' as BytePath, entry: null }, 'var' as BytePath, asciiGlyphs)).toBe('var/')
})

test('owners are names where there are names, sizes are bytes or the numbers of a device', () => {
  expect(ownerText(tocEntry('x', { userName: null, uid: 12, groupName: 'a\x1bb' }))).toBe('12:a\\eb')
  expect(sizeText(tocEntry('x', { sizeBytes: 2048 }))).toBe('2.00 KiB')
  expect(sizeText(tocEntry('x', { type: 'char-device', deviceNumber: { major: 1, minor: 3 } }))).toBe('1,3')
  expect(sizeText(tocEntry('x', { type: 'directory' }))).toBe('-')
})

test('one line has all of the metadata, and says what was changed while it was read', () => {
  const entry = tocEntry('x', { mode: 0o4755, sizeBytes: 2048, torn: true })
  expect(lineText(metadataLine(entry, null, unicodeGlyphs))).toBe(
    ' -rwsr-xr-x  root:root  2.00 KiB  2023-11-14 22:13:20Z  changed while it was read',
  )
  expect(lineText(metadataLine(tocEntry('x', { type: 'directory' }), 1234, unicodeGlyphs))).toContain('1,234 below it')
  expect(lineText(metadataLine(null, 3, unicodeGlyphs))).toBe(' only what lies in it was backed up  3 below it')
})
