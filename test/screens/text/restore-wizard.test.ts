import { expect, test } from 'vitest'
import { pathFromText } from '../../../src/model/path.ts'
import type { PlannedStep } from '../../../src/model/planned-restore.ts'
import { restoreWords } from '../../../src/screens/text/restore-command.ts'
import { allMarked, marksFor, toggled } from '../../../src/screens/text/restore-scope.ts'
import {
  beginWizard,
  hasAnswers,
  nameToType,
  proposedDirectory,
  restoreRequest,
  someServices,
  stepWizard,
  type Wizard,
  whyNoDirectory,
} from '../../../src/screens/text/restore-wizard.ts'
import { commandText } from '../../../src/screens/text/shell.ts'

const backup = '2026-11-20T02-00-00Z-full-7f3k'
const other = '2026-11-19T02-00-00Z-full-9xyz'
const path = pathFromText('etc/hosts')
const began = beginWizard({ backup, proposed: '~/restore-7f3k' })

function decided(wizard: Wizard, choice: 'keep' | 'overwrite' | null): Wizard {
  const step = { path, action: 'overwrite' } as PlannedStep // no more of it is looked at
  return stepWizard(wizard, { kind: 'decide', steps: [step], choice })
}

test('begins with everything, in a new directory, on the scope', () => {
  expect(began.at).toBe('scope')
  expect(restoreRequest(began, '/root')).toEqual({
    source: { kind: 'backup', backup, services: [], paths: [] },
    target: { kind: 'directory', path: '/root/restore-7f3k' },
    conflict: 'keep',
    choices: new Map(),
    workers: null,
  })
})

test('begins with the paths it was opened with, and no others', () => {
  const { choices } = restoreRequest(beginWizard({ backup, paths: [path], proposed: 'x' }), undefined)
  expect([...(choices ?? [])]).toEqual([
    ['', 'skip'],
    ['etc/hosts', 'restore'],
  ])
})

test('a new directory is never written over, whatever was chosen for in place', () => {
  const target = { directory: 'x', isInPlace: false, conflict: 'overwrite' } as const
  expect(restoreRequest({ ...began, target }, undefined).conflict).toBe('keep')
  expect(restoreRequest({ ...began, target: { ...target, isInPlace: true } }, undefined).conflict).toBe('overwrite')
})

test('what was decided for a path that is not marked any more does not bring it back', () => {
  const one = decided(began, 'overwrite')
  expect(restoreRequest(one, undefined).choices?.get(path)).toBe('overwrite')
  const without = stepWizard(one, { kind: 'scope', services: [], marks: toggled(allMarked, pathFromText('etc')) })
  expect(restoreRequest(without, undefined).choices?.get(path)).toBeUndefined()
})

test('another backup keeps marks and target, takes the new proposal, and forgets decisions', () => {
  const marks = marksFor([path])
  let wizard = decided(stepWizard(began, { kind: 'scope', services: ['web', 'old'], marks }), 'keep')
  wizard = stepWizard(wizard, { kind: 'choose', backup: other, has: ['web'], proposed: '~/restore-9xyz' })
  expect(wizard).toMatchObject({ backup: other, services: ['web'], marks, at: 'scope' })
  expect(wizard.target.directory).toBe('~/restore-9xyz')
  expect(wizard.decisions.size).toBe(0)
  const own = { ...began, target: { ...began.target, directory: '/mnt/own' } }
  const next = stepWizard(own, { kind: 'choose', backup: other, has: [], proposed: '~/restore-9xyz' })
  expect(next.target.directory).toBe('/mnt/own')
})

test('the same backup chosen again changes nothing', () => {
  const wizard = decided(began, 'keep')
  const next = stepWizard(wizard, { kind: 'choose', backup, has: ['web'], proposed: 'other' })
  expect(next).toEqual({ ...wizard, at: 'scope' })
})

test('decisions are about one target: another forgets them, another conflict mode does not', () => {
  const wizard = decided(began, 'keep')
  const { target } = wizard
  const kept = stepWizard(wizard, { kind: 'target', target: { ...target, conflict: 'rename' } })
  expect(kept.decisions.size).toBe(1)
  const gone = stepWizard(wizard, { kind: 'target', target: { ...target, isInPlace: true } })
  expect(gone.decisions.size).toBe(0)
})

test('a decision can be taken back', () => {
  expect(decided(decided(began, 'keep'), null).decisions.size).toBe(0)
})

test('a start that was refused leads back to the plan and says why, until something is decided', () => {
  const trouble = { doing: 'starting the restore', code: 'E_PLAN_DRIFTED', message: '1 path has changed', hint: '' }
  const refused = stepWizard({ ...began, at: 'confirm' }, { kind: 'refuse', trouble })
  expect(refused).toMatchObject({ at: 'plan', refusal: trouble })
  expect(decided(refused, 'keep').refusal).toBeNull()
})

test('only what was said is asked about when it is left', () => {
  expect(hasAnswers(began, began)).toBe(false)
  expect(hasAnswers(stepWizard(began, { kind: 'to', step: 'backup' }), began)).toBe(false)
  expect(hasAnswers(stepWizard(began, { kind: 'to', step: 'target' }), began)).toBe(true)
  expect(hasAnswers(stepWizard(began, { kind: 'scope', services: [], marks: marksFor([path]) }), began)).toBe(true)
})

test('all services are none in particular', () => {
  expect(someServices(['a', 'b'], ['b', 'a'])).toEqual([])
  expect(someServices(['a'], ['b', 'a'])).toEqual(['a'])
  expect(someServices(['a'], null)).toEqual(['a'])
})

test('proposes a directory named after the backup and the minute, at home where there is one', () => {
  const now = Date.parse('2026-11-21T03:14:15Z')
  expect(proposedDirectory(backup, now, '/root')).toBe('~/restore-7f3k-0314')
  expect(proposedDirectory(backup, now, undefined)).toBe('restore-7f3k-0314')
})

test.each([
  ['', 'name a directory'],
  ['~bob/x', 'write the directory out'],
  ['/srv/.', 'name the new directory itself'],
  ['/srv/..', 'name the new directory itself'],
  ['/', 'name the new directory itself'],
])('cannot go to %j', (text, why) => {
  expect(whyNoDirectory(text, '/root')).toContain(why)
})

test('goes to what is named', () => {
  for (const text of ['~/x', '/srv/new', 'new', './new/', '/srv/日本語'])
    expect(whyNoDirectory(text, '/root')).toBeNull()
  expect(whyNoDirectory('~/x', undefined)).not.toBeNull()
})

test('what must be typed is the host in place, and the last component of a new directory', () => {
  expect(nameToType({ directory: '/srv/new/', isInPlace: false, conflict: 'keep' }, 'web1')).toBe('new')
  expect(nameToType({ directory: '/srv/new', isInPlace: true, conflict: 'keep' }, 'web1')).toBe('web1')
})

const command = {
  backup,
  services: [],
  marks: allMarked,
  target: { directory: '~/new', isInPlace: false, conflict: 'overwrite' } as const,
  host: 'web1',
  home: '/root',
  decided: 0,
}

test.each([
  [{}, `holdfast restore ${backup} --target=/root/new`],
  [{ services: ['web', 'db'] }, `holdfast restore ${backup} --services=web,db --target=/root/new`],
  [
    { marks: marksFor([pathFromText('etc/a b[1]*.txt '), path]) },
    `holdfast restore ${backup} '--path=/etc/a b\\[1\\]\\*.txt\\ ' --path=/etc/hosts --target=/root/new`,
  ],
  [
    { target: { directory: 'x', isInPlace: true, conflict: 'keep' } as const },
    `holdfast restore ${backup} --in-place --on-conflict=keep --confirm=web1`,
  ],
])('is written on the command line: %j', (more, text) => {
  expect(commandText({ options: [] }, restoreWords({ ...command, ...more }) ?? [])).toBe(text)
})

test('what the command line has no words for is left to a saved plan', () => {
  expect(restoreWords({ ...command, decided: 1 })).toBeNull()
  expect(restoreWords({ ...command, marks: toggled(allMarked, path) })).toBeNull()
  expect(restoreWords({ ...command, services: ['a,b'] })).toBeNull()
  expect(restoreWords({ ...command, marks: marksFor(['caf\xe9' as typeof path]) })).toBeNull()
})
