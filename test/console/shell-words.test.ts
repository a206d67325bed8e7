import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { shellWord } from '../../src/model/shell-word.ts'
import { shellWords } from '../../src/screens/text/shell-words.ts'
import { hostileNames } from './hostile.ts'

test.each<[string, readonly string[]]>([
  ['', []],
  ['   ', []],
  ['/etc /srv/www', ['/etc', '/srv/www']],
  ["  /etc   '/home/my files'  ", ['/etc', '/home/my files']],
  ['/home/my\\ files', ['/home/my files']],
  ['"a b"c\'d e\'', ['a bcd e']],
  ['"say \\"hi\\" \\n"', ['say "hi" \\n']],
  ["'it'\\''s'", ["it's"]],
  ["$'a\\nb\\x41\\xc3\\xa4'", ['a\nbAä']],
  ["$'\\xef\\xbb\\xbfx'", ['\ufeffx']],
  ['*.tmp $HOME', ['*.tmp', '$HOME']],
  ['日本 語', ['日本', '語']],
  ["''", ['']],
])('reads %j as %j', (text, words) => {
  expect(shellWords(text).words).toEqual(words)
})

test.each([
  ["'/etc", 'a quote is not closed'],
  ['"/etc', 'a quote is not closed'],
  ["$'/etc", 'a quote is not closed'],
  ['~/photos', 'no shell reads this: write out what ~ stands for'],
  ["$'\\xff'", 'a name that is not UTF-8 cannot be typed here'],
  ["/etc ''", 'one of them is empty'],
  ["$'\\0'", 'no name holds a NUL'],
])('says what is wrong with %j', (text, wrong) => {
  expect(shellWords(text).wrong).toBe(wrong)
})

test('words that were written for a shell are read back as they were', () => {
  const names = [
    ...hostileNames.map((name) => name.replaceAll('\0', '')),
    "a'b",
    'a\\b',
    '-x',
    '$HOME',
    '~',
    'a"b',
    '*',
  ]
  expect(shellWords(names.map(shellWord).join(' ')).words).toEqual(names)
})

test('bash reads them as they are read here', () => {
  const texts = ["a\\ b \"c d\" 'e'\\''f'", '"\\$x \\\\ \\a"', "$'\\x41\\x7e\\n'x 'y'"]
  for (const text of texts) {
    const out = execFileSync('bash', ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' })
    expect(shellWords(text).words).toEqual(out.split('\0').slice(0, -1))
  }
})
