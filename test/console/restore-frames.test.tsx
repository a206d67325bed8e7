import { expect, test } from 'vitest'
import { terminals } from './fits-kit.ts'
import { expectGolden } from './golden-file.ts'
import { key, misfits, type OpenedConsole, openConsole, type Setting } from './harness.tsx'
import { hostileBackups, hostileNames } from './hostile.ts'
import { overwritten, pretendPlans, refused, smallSteps, smallTree, type Tree, treeBrowser } from './restore-kit.ts'
import { sampleBackups } from './sample.ts'

/** How the wizard looks, at every step and every size. */

interface Stop {
  readonly name: string
  /** Pressed where the last stop left off. */
  readonly keys: readonly string[]
  /** Seen once it is there. */
  readonly text: string | RegExp
}

/** One walk through all of it. */
const walk: readonly Stop[] = [
  { name: 'scope', keys: [], text: 'marked: everything: ' },
  { name: 'scope-marked', keys: [`${key.down.repeat(4)} ${key.right}`], text: /marked: (?!everything)[1-9]/ },
  { name: 'scope-find', keys: ['/o'], text: / [1-9]\d* found/ },
  { name: 'backup', keys: [key.escape, key.escape], text: 'BACKUP' },
  { name: 'target', keys: [key.enter, key.enter], text: 'does not exist yet' },
  { name: 'target-in-place', keys: [`${key.tab} `], text: 'IN PLACE: it goes' },
  { name: 'plan-blocked', keys: [key.enter], text: /[▸>] [✖X] srv/ },
  { name: 'plan-decide', keys: [key.enter], text: 'leave it out' },
  { name: 'plan-ready', keys: [key.escape, 'F'], text: 'ready: C goes on' },
  { name: 'plan-show', keys: ['t'], text: 'The same already' },
  { name: 'plan-in-full', keys: [key.escape, 'i'], text: 'The plan in full' },
  { name: 'plan-export', keys: [key.escape, 'e'], text: 'Into which file?' },
  { name: 'confirm', keys: [key.escape, 'C'], text: 'begins it' },
  { name: 'confirm-name', keys: ['C'], text: 'type the name of this' },
]

interface World {
  readonly setting: Setting
  readonly trees: Readonly<Record<string, Tree>>
  readonly steps: typeof smallSteps
}

const usual: World = { setting: {}, trees: { web: smallTree }, steps: smallSteps }

const nasty = hostileNames.map((name) => name.replaceAll(/[/\0]/g, '%')).filter((name) => name !== '')
const hostile: World = {
  setting: {
    backups: hostileBackups(),
    facts: { host: hostileNames[6]!, user: hostileNames[1]!, root: hostileNames[8]!, home: `/home/${nasty[3]!}` },
  },
  trees: {
    [nasty[0]!]: Object.fromEntries(nasty.map((name) => [`/srv/${name}/o${name}`, 1000])),
    [nasty[8]!]: Object.fromEntries(nasty.map((name) => [`/var/${name}`, 1000])),
  },
  steps: nasty.flatMap((name, at) => [
    refused(`/srv/a${name}`, 'needs-root'),
    overwritten(`/srv/${name}`, at - 4),
    refused(`/srv/b${name}`, 'a reason\x1b[2J nobody knows'),
  ]),
}

async function open({ setting, trees, steps }: World, columns: number, rows: number): Promise<OpenedConsole> {
  const plans = pretendPlans(steps)
  const console = await openConsole({
    backups: sampleBackups(40),
    ...setting,
    facts: { home: '/root', ...setting.facts },
    columns,
    rows,
    engine: { browse: async () => treeBrowser(trees), planRestore: plans.planRestore },
  })
  await console.keys('2')
  await console.until('Backups ')
  await console.keys('R')
  await console.until('everything')
  return console
}

async function go(console: OpenedConsole, { keys, text }: Stop): Promise<string> {
  for (const packet of keys) await console.keys(packet)
  return console.until(text)
}

/** With what is read a moment later, once somebody looks at a row. */
async function settled(console: OpenedConsole, stop: Stop): Promise<string> {
  const frame = await go(console, stop)
  return stop.name === 'plan-blocked' ? console.until(/backup +2026/) : frame
}

for (const [columns, rows] of [
  [80, 24],
  [100, 30],
] as const) {
  test(`looks as it did at ${columns}x${rows}`, async () => {
    const console = await open(usual, columns, rows)
    for (const stop of walk) expectGolden(`restore-${stop.name}-${columns}x${rows}`, await settled(console, stop))
  })
}

test('looks as it did at 60x16', async () => {
  const console = await open(usual, 60, 16)
  for (const stop of walk) {
    const frame = await settled(console, stop)
    if (['scope-marked', 'plan-blocked', 'confirm', 'confirm-name'].includes(stop.name))
      expectGolden(`restore-${stop.name}-60x16`, frame)
  }
})

const worlds: readonly [name: string, world: World][] = [
  ['usual', usual],
  ['in ASCII', { ...usual, setting: { capability: { unicode: false, colors: 'none' } } }],
  ['hostile', hostile],
]

for (const [columns, rows] of terminals) {
  test.each(worlds)(`every step fits ${columns}x${rows} exactly: %s`, async (_name, world) => {
    const console = await open(world, columns, rows)
    for (const stop of walk) {
      const frame = await go(console, stop)
      expect({ stop: stop.name, misfits: misfits(frame, columns, rows) }).toEqual({ stop: stop.name, misfits: [] })
      const shown = frame.replace(/[\p{Cc}\p{Cf}]/gu, (char) => (char === '\n' ? char : '?'))
      expect({ stop: stop.name, frame }).toEqual({ stop: stop.name, frame: shown })
      if (world.setting.capability?.unicode === false)
        expect({ stop: stop.name, frame }).toEqual({ stop: stop.name, frame: frame.replace(/[^\x20-\x7e\n]/g, '?') })
    }
  })
}

test('fits whatever the terminal becomes, and comes back as it was', async () => {
  const console = await open(usual, 100, 30)
  for (const stop of walk) {
    await go(console, stop)
    for (const [columns, rows] of [
      [60, 16],
      [200, 60],
      [81, 17],
      [50, 10],
      [100, 30],
    ] as const) {
      await console.resize(columns, rows)
      if (columns >= 60)
        expect({ stop, misfits: misfits(console.frame(), columns, rows) }).toEqual({ stop, misfits: [] })
    }
    await console.until(stop.text)
  }
})
