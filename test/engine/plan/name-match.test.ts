import { expect, test } from 'vitest'
import { nameMatcher } from '../../../src/engine/plan/name-match.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'

const paths = ['etc/hosts', 'etc/hosts.allow', 'etc/ssh/sshd_config', 'srv/Grün/ü.conf', 'srv/new\nline', 'a*b'].map(
  pathFromText,
)

function found(text: string): BytePath[] {
  return paths.filter(nameMatcher(text) ?? (() => false))
}

test.each([
  ['HOSTS', ['etc/hosts', 'etc/hosts.allow']],
  ['hosts allow', ['etc/hosts.allow']],
  ['etc', []],
  ['etc/', ['etc/hosts', 'etc/hosts.allow', 'etc/ssh/sshd_config']],
  ['ssh/ conf', ['etc/ssh/sshd_config']],
  ['/etc/hosts', ['etc/hosts', 'etc/hosts.allow']],
  ['/etc/hosts?allow', ['etc/hosts.allow']],
  ['hosts*', ['etc/hosts', 'etc/hosts.allow']],
  ['*.conf', ['srv/Grün/ü.conf']],
  ['ü.conf', ['srv/Grün/ü.conf']],
  ['ssh/*', ['etc/ssh/sshd_config']],
  ['new\\nline', ['srv/new\nline']],
  ['a?b', ['a*b']],
  ['s?h/ *config', ['etc/ssh/sshd_config']],
  ['e?c/ssh', ['etc/ssh/sshd_config']],
  ['/?tc/', ['etc/hosts', 'etc/hosts.allow', 'etc/ssh/sshd_config']],
  ['/?sh/', []],
  ['tc/h*ts', []],
])('%s', (text, wanted) => {
  expect(found(text)).toEqual(wanted.map(pathFromText))
})

test('nothing typed finds nothing', () => {
  expect(nameMatcher(' ')).toBe(null)
})

test('no pattern takes longer than its length times that of a name', () => {
  const name = pathFromText('a'.repeat(60_000))
  const matches = nameMatcher(`${'a*'.repeat(200)}b`)!
  const began = performance.now()
  expect(matches(name)).toBe(false)
  expect(performance.now() - began).toBeLessThan(2000)
})
