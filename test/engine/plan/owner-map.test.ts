import { describe, expect, test } from 'vitest'
import { OwnerMap, ownerRules } from '../../../src/engine/plan/owner-map.ts'
import { tocEntry } from '../../commands/pretend-engine.ts'

const ids = {
  users: new Map([
    ['root', 0],
    ['web', 33],
    ['4711', 5],
  ]),
  groups: new Map([
    ['root', 0],
    ['www', 133],
  ]),
}

describe('a mapping is read', () => {
  test.each([
    [['app=web'], [['user', 'app', 33]]],
    [['1000=web'], [['user', 1000, 33]]],
    [['1000=2000'], [['user', 1000, 2000]]],
    [['1000=4711'], [['user', 1000, 4711]]],
    [[':staff=:www'], [['group', 'staff', 133]]],
    [
      ['app:staff=web:www'],
      [
        ['user', 'app', 33],
        ['group', 'staff', 133],
      ],
    ],
    [
      ['app:50=0:www', 'b=web'],
      [
        ['user', 'app', 0],
        ['group', 50, 133],
        ['user', 'b', 33],
      ],
    ],
  ])('%j', (words, rules) => {
    expect(ownerRules(words, ids).map(({ kind, from, to }) => [kind, from, to])).toEqual(rules)
  })

  test.each([
    ['app', /cannot be "app"/],
    ['=', /cannot be/],
    [':=:', /cannot be/],
    ['app=', /cannot be/],
    ['=web', /cannot be/],
    ['a=b=c', /cannot be/],
    ['a:b=c', /cannot be/],
    ['a=b:c', /cannot be/],
    ['a:b:c=d:e:f', /cannot be/],
    ['a:=web:www', /cannot be/],
    ['app=wbe', /no user "wbe"/],
    ['app=4294967295', /no user "4294967295"/],
    [':staff=:web', /no group "web"/],
  ])('but not %j', (word, message) => {
    expect(() => ownerRules([word], ids)).toThrow(
      expect.objectContaining({ code: 'E_USAGE', message: expect.stringMatching(message) }),
    )
  })

  test('an unknown name names the nearest, and nobody is mapped twice', () => {
    expect(() => ownerRules(['app=wbe'], ids)).toThrow(expect.objectContaining({ hint: 'did you mean web?' }))
    expect(() => ownerRules(['app=web', 'app=root'], ids)).toThrow(/maps the user "app" twice/)
    expect(ownerRules(['app=web', ':app=:www'], ids)).toHaveLength(2)
  })
})

describe('a mapping gives entries other owners', () => {
  const map = () => new OwnerMap(ownerRules(['app:staff=web:www', '1000=2000'], ids))
  const owned = (uid: number, userName: string | null, gid: number, groupName: string | null) => {
    const { uid: user, gid: group } = map().apply(tocEntry('a', { uid, userName, gid, groupName }))
    return [user, group]
  }

  test.each([
    ['by name, each for itself', owned(1, 'app', 2, 'other'), [33, 2]],
    ['the group alone', owned(1, 'other', 2, 'staff'), [1, 133]],
    ['by number', owned(1000, null, 0, null), [2000, 0]],
    ['the first rule that fits', owned(1000, 'app', 0, null), [33, 0]],
    ['not the group by the user’s number', owned(0, null, 1000, null), [0, 1000]],
    ['and leaves the others', owned(5, null, 6, null), [5, 6]],
  ])('%s', (_, found, expected) => {
    expect(found).toEqual(expected)
  })

  test('and says whom it did not meet', () => {
    const owners = map()
    owners.apply(tocEntry('a', { uid: 1000, userName: null, groupName: 'staff' }))
    expect(owners.notes).toEqual(['--map-owner names the user app, to whom nothing in the backup belongs'])
  })
})
