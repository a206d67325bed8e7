import { expect, test } from 'vitest'
import { withoutCredentials } from '../../src/engine/git-context.ts'

test.each([
  ['https://user:secret@example.org/team/project.git', 'https://example.org/team/project.git'],
  ['https://secret@example.org/project.git', 'https://example.org/project.git'],
  ['https://user:se@cret@example.org/project.git', 'https://example.org/project.git'],
  ['https://example.org/project.git?private_token=secret', 'https://example.org/project.git'],
  ['https://user:secret@example.org/project.git?a=b#secret', 'https://example.org/project.git'],
  ['ssh://git@example.org:22/project.git', 'ssh://example.org:22/project.git'],
  ['git@example.org:team/project.git', 'git@example.org:team/project.git'],
  ['/srv/git/what?.git', '/srv/git/what?.git'],
])('of the remote %s only %s is recorded', (remote, recorded) => {
  expect(withoutCredentials(remote)).toBe(recorded)
})
