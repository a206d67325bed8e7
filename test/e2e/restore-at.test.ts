import {
  chownSync,
  copyFileSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requirement } from '../requirements.ts'
import { type JsonLine, nobody, type RunOptions, Stage } from './stage.ts'

/**
 * Restores as of a time, of the last backup that holds a path, and to other owners. Backups are an hour apart by the
 * program's clock: of `web` at 1, 3 and 5, of `app` at 2 and 4, where each has as its content the hour it was made at.
 */

const hourMs = 3_600_000
const zone = 'Asia/Kolkata' // half an hour beside all others, and its clock is never set
const clockModule = fileURLToPath(new URL('./shifted-clock.ts', import.meta.url))

interface PlanFields {
  readonly target: string
  readonly services: readonly string[]
  readonly asked: string
  readonly backups: readonly { readonly service: string; readonly backup: string; readonly distanceMs: number }[]
  readonly lacking: readonly { readonly service: string; readonly firstAt: string | null }[]
  readonly passedOver: readonly string[]
  readonly notices: readonly string[]
}

/** A repository with a history, and a clock. */
class Past {
  readonly stage: Stage
  readonly began = Math.floor(Date.now() / hourMs) * hourMs
  /** By hour, the ids of the backups. */
  readonly ids = new Map<number, string>()
  readonly #clock: string
  #targets = 0

  constructor(asNobody: boolean) {
    this.stage = new Stage({ asNobody })
    this.#clock = this.stage.at('clock.ts')
    copyFileSync(clockModule, this.#clock)
    for (const name of ['web', 'app', 'never', 'one', 'two']) this.stage.makeDirectory(name)
    const services = Object.fromEntries(
      ['web', 'app', 'never'].map((name) => [name, { type: 'files', include_paths: [this.stage.at(name)] }]),
    )
    const configuration = { global_settings: { default_timezone: zone }, services }
    writeFileSync(this.stage.at('config.json'), JSON.stringify(configuration))
  }

  /** `2026-11-20T03:30:00Z` of the program's clock. */
  time(hours: number): string {
    return new Date(this.began + hours * hourMs).toISOString()
  }

  options(hours: number): RunOptions {
    const ahead = this.began + hours * hourMs - Date.now()
    return {
      cwd: this.stage.at('home'),
      env: { NODE_OPTIONS: `--import=${this.#clock}`, SHIFTED_CLOCK_MS: String(ahead) },
    }
  }

  async create(hours: number, ...args: string[]): Promise<string> {
    const argv = ['create', ...args, '--config', this.stage.at('config.json')]
    const { code, last } = await this.stage.json(argv, this.options(hours))
    expect({ code, kind: last.kind }).toEqual({ code: 0, kind: 'result' })
    const { id } = last['backup'] as { id: string }
    this.ids.set(hours, id)
    return id
  }

  put(service: string, name: string, content: string): void {
    const path = this.stage.at(service, name)
    writeFileSync(path, content)
    this.stage.give(path)
  }

  /** At hour 10, when all of it has passed. */
  async restore(...args: string[]): Promise<{ code: number | null; lines: readonly JsonLine[]; last: JsonLine }> {
    return await this.stage.json(['restore', ...args, '--config', this.stage.at('config.json')], this.options(10))
  }

  async plan(...args: string[]): Promise<{ code: number | null; plan: PlanFields; warnings: string[] }> {
    const { code, last, lines } = await this.restore(...args, '--dry-run')
    expect(last).toMatchObject({ kind: 'result' })
    const warnings = lines.filter(({ kind }) => kind === 'warning').map((line) => String(line['message']))
    return { code, plan: last['plan'] as PlanFields, warnings }
  }

  target(): string {
    return this.stage.at('tmp', `target-${this.#targets++}`)
  }

  read(target: string, service: string, name = 'file'): string {
    return readFileSync(join(target, this.stage.at(service, name)), 'utf8')
  }
}

const archiveOf = (past: Past, id: string): string => {
  const directory = join(past.stage.root, 'archives', id)
  return join(directory, readdirSync(directory).find((name) => /\.tar\./.test(name)) ?? '')
}

for (const asNobody of [false, true]) {
  const who = asNobody ? 'a user without privileges' : 'the user who runs the tests'
  describe.runIf(!asNobody || requirement('root'))(`as ${who}`, () => suite(asNobody))
}

function suite(asNobody: boolean): void {
  let past: Past

  beforeAll(async () => {
    past = new Past(asNobody)
    for (const [hours, service] of [
      [1, 'web'],
      [2, 'app'],
      [3, 'web'],
      [4, 'app'],
      [5, 'web'],
    ] as const) {
      past.put(service, 'file', `of ${hours}`)
      if (hours === 3) past.put('web', 'gone[1].txt', 'it was here')
      if (hours === 5) rmSync(past.stage.at('web', 'gone[1].txt'))
      await past.create(hours, '--services', service, ...(hours > 2 ? ['--type', 'incremental'] : []))
    }
  }, 120_000)
  afterAll(() => past.stage.remove())

  test.each([
    [4.5, { web: 3, app: 4 }],
    [3.5, { web: 3, app: 2 }],
    [2.5, { web: 1, app: 2 }],
    [9, { web: 5, app: 4 }],
  ])(
    'every service comes from its newest backup at hour %d, and that is told with its distance',
    async (hours, from) => {
      const target = past.target()
      const { code, plan, warnings } = await past.plan('--at', past.time(hours), '--services', 'web,app')
      expect({ code, warnings }).toEqual({ code: 0, warnings: [] })
      expect(Object.fromEntries(plan.backups.map(({ service, backup }) => [service, backup]))).toEqual({
        web: past.ids.get(from.web),
        app: past.ids.get(from.app),
      })
      for (const { service, distanceMs } of plan.backups) {
        const exact = (hours - from[service as keyof typeof from]) * hourMs
        expect(distanceMs).toBeLessThanOrEqual(exact)
        expect(distanceMs).toBeGreaterThan(exact - 120_000) // starting the program takes its time
      }
      expect(plan.asked).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d Asia\/Kolkata$/)
      const ended = await past.restore('--at', past.time(hours), '--services', 'web,app', '--target', target)
      expect(ended.code).toBe(0)
      expect([past.read(target, 'web'), past.read(target, 'app')]).toEqual([`of ${from.web}`, `of ${from.app}`])
    },
  )

  test('what has no backup that old is named, and what there is is restored with exit 3', async () => {
    const target = past.target()
    const { code, plan } = await past.plan('--at', past.time(1.5))
    expect(code).toBe(3)
    expect(plan.lacking).toEqual([
      { service: 'app', firstAt: expect.stringContaining('T') },
      { service: 'never', firstAt: null },
    ])
    const { code: restored, lines } = await past.restore('--at', past.time(1.5), '--target', target)
    expect(restored).toBe(3)
    const warnings = lines.filter(({ kind }) => kind === 'warning').map((line) => String(line['message']))
    expect(warnings).toEqual([
      expect.stringMatching(/^app is not restored: no sound backup .+ at or before .+ Asia\/Kolkata; its first/),
      expect.stringMatching(/^never is not restored: .+; it has none$/),
    ])
    expect(past.read(target, 'web')).toBe('of 1')
    expect(existsSync(join(target, past.stage.at('app')))).toBe(false)
  })

  test.each([
    [['--at', 'T0.5'], 'E_UNKNOWN_ID', /no backup at or before .+ Asia\/Kolkata: the first sound backup of web is of/],
    [['--at', 'T3', '--services', 'never'], 'E_UNKNOWN_ID', /never has no sound backup/],
    [['--at', 'T3', '--services', 'wbe'], 'E_UNKNOWN_SERVICE', /no service 'wbe'/],
    [['--at', 'T11'], 'E_USAGE', /has not come yet/],
    [['--at', 'soon'], 'E_USAGE', /is not understood/],
    [['--latest-with', '/nowhere/at/all'], 'E_UNKNOWN_PATH', /no backup holds nowhere\/at\/all/],
    [['--latest-with', '/x', '--services', 'app'], 'E_UNKNOWN_PATH', /no backup of app holds x/],
  ])('%j is refused with %s and nothing is made', async (args, code, message) => {
    const target = past.target()
    const argv = args.map((arg) => (/^T[\d.]+$/.test(arg) ? past.time(Number(arg.slice(1))) : arg))
    const { last } = await past.restore(...argv, '--target', target)
    expect(last).toMatchObject({ kind: 'error', code, message: expect.stringMatching(message) })
    expect(existsSync(target)).toBe(false)
  })

  test('without a target it goes to a directory named after the time, and --path takes some of it', async () => {
    const { code, lines, last } = await past.restore(
      '--at',
      past.time(4.5),
      '--services',
      'web,app',
      '--path',
      past.stage.at('app', 'file'),
    )
    expect({ code, problems: lines.filter(({ kind }) => kind === 'warning') }).toEqual({ code: 0, problems: [] })
    const { target } = last['restore'] as { target: string }
    const name = `restore-at-${past.time(4.5).slice(0, 19).replaceAll(':', '-')}Z`
    expect(target).toBe(past.stage.at('home', name))
    expect(past.read(target, 'app')).toBe('of 4')
    expect(existsSync(join(target, past.stage.at('web')))).toBe(false)
  })

  test('a saved plan of several backups does the same later, and not where the plan was changed', async () => {
    const target = past.target()
    const file = past.stage.at('tmp', 'plan.json')
    await past.plan('--at', past.time(3.5), '--target', target, '--save-plan', file)
    const text = readFileSync(file, 'utf8')
    const moved = past.stage.at('tmp', 'moved.json')
    const altered = text.replace(past.ids.get(2) ?? '?', past.ids.get(4) ?? '?')
    expect(altered).not.toBe(text)
    writeFileSync(moved, altered)
    past.stage.give(moved)
    expect((await past.restore('--plan', moved)).last).toMatchObject({ kind: 'error', code: 'E_PLAN_ALTERED' })
    expect(existsSync(target)).toBe(false)
    const { code } = await past.restore('--plan', file)
    expect(code).toBe(3) // never has no backup: the plan says so when it is applied too
    expect([past.read(target, 'web'), past.read(target, 'app')]).toEqual(['of 3', 'of 2'])
  })

  test('a saved plan is refused where one of its backups is no longer there', async () => {
    const copy = past.stage.at('tmp', 'one.json')
    const id = await past.create(6, past.stage.at('one'))
    await past.plan('--at', past.time(6.5), '--services', 'web,paths', '--target', past.target(), '--save-plan', copy)
    await past.stage.succeed(['delete', id, '--yes'], past.options(10))
    const { code, last } = await past.restore('--plan', copy)
    expect(code).not.toBe(0)
    expect(last).toMatchObject({ kind: 'error', message: expect.stringContaining(id) })
  })

  test('what was deleted comes from the newest backup that holds it, just that, however it is called', async () => {
    const path = past.stage.at('web', 'gone[1].txt')
    const { plan } = await past.plan('--latest-with', path)
    expect(plan.backups).toEqual([expect.objectContaining({ service: 'web', backup: past.ids.get(3) })])
    expect(plan.backups[0]?.distanceMs).toBeGreaterThan(6.5 * hourMs)
    expect(plan.notices).toContain('1 newer backup of web does not hold it')
    const target = past.target()
    const { code } = await past.restore('--latest-with', path.slice(1), '--target', target)
    expect(code).toBe(0)
    expect(readFileSync(join(target, path), 'utf8')).toBe('it was here')
    expect(readdirSync(join(target, past.stage.at('web')))).toEqual(['gone[1].txt'])
  })

  test('people read how far each backup lies from the time, in a line of its own', async () => {
    const argv = ['restore', '--at', past.time(4.5), '--services', 'web,app', '--dry-run']
    const { stdout } = await past.stage.run([...argv, '--config', past.stage.at('config.json')], past.options(10))
    expect(stdout).toMatch(
      /\nas of: [-\d]+ [:\d]+ Asia\/Kolkata\n {2}app {2}\S+ {2}\d+ min .+ before\n {2}web {2}\S+ {2}1 h \d\d min before\n/,
    )
  })

  if (asNobody) {
    test('owners cannot be mapped without root, and that is said', async () => {
      const { last } = await past.restore(
        'latest',
        '--services',
        'web',
        '--map-owner',
        '1=2',
        '--target',
        past.target(),
      )
      expect(last).toMatchObject({
        kind: 'error',
        code: 'E_USAGE',
        message: expect.stringMatching(/needs root: user 65534/),
      })
    })
  }
}

describe('paths of the command line', () => {
  let past: Past
  beforeAll(async () => {
    past = new Past(false)
    for (const name of ['one', 'two']) past.put(name, 'file', name)
    await past.create(1, past.stage.at('one'))
    await past.create(2, past.stage.at('two'))
  })
  afterAll(() => past.stage.remove())

  test('are restored by sets, each from its newest; a set within a newer one gives way, others that overlap are refused', async () => {
    const at = (hours: number) => ['--at', past.time(hours), '--services', 'paths']
    const backups = async (hours: number) => (await past.plan(...at(hours))).plan.backups.map(({ backup }) => backup)
    expect(await backups(2.5)).toEqual([past.ids.get(2), past.ids.get(1)])
    const target = past.target()
    expect((await past.restore(...at(2.5), '--target', target)).code).toBe(0)
    expect([past.read(target, 'one'), past.read(target, 'two')]).toEqual(['one', 'two'])
    const file = past.stage.at('tmp', 'sets.json')
    const later = past.target()
    await past.plan(...at(2.5), '--target', later, '--save-plan', file)
    expect((await past.restore('--plan', file)).code).toBe(0)
    expect([past.read(later, 'one'), past.read(later, 'two')]).toEqual(['one', 'two'])
    await past.create(3, past.stage.at('one'), past.stage.at('two'))
    const { plan } = await past.plan(...at(3.5))
    expect(plan.backups.map(({ backup }) => backup)).toEqual([past.ids.get(3)])
    expect(plan.notices.join()).toContain(`${past.ids.get(1)} is left out`)
    await past.create(4, past.stage.at('one'))
    const { last } = await past.restore(...at(4.5), '--dry-run')
    expect(last).toMatchObject({
      kind: 'error',
      code: 'E_USAGE',
      message: expect.stringContaining('overlapping paths'),
    })
  })
})

test('a damaged backup is passed over and named; with no other left, the restore is refused', async () => {
  const past = new Past(false)
  try {
    past.put('web', 'file', 'of 1')
    const first = await past.create(1, '--services', 'web')
    past.put('web', 'file', 'of 2')
    const second = await past.create(2, '--services', 'web')
    truncateSync(archiveOf(past, second), 5000)
    const target = past.target()
    const asked = ['--at', past.time(3), '--services', 'web']
    const { code: planned, plan } = await past.plan(...asked)
    expect(planned).toBe(3)
    expect(plan.backups.map(({ backup }) => backup)).toEqual([first])
    expect(plan.passedOver).toEqual([expect.stringContaining(`${second} is passed over: `)])
    const last = await past.plan('--latest-with', past.stage.at('web', 'file'))
    expect(last.plan.backups.map(({ backup }) => backup)).toEqual([first])
    const ended = await past.restore(...asked, '--target', target)
    expect(ended.lines).toContainEqual(expect.objectContaining({ kind: 'warning', message: plan.passedOver[0] }))
    expect(ended.code).toBe(3)
    expect(past.read(target, 'web')).toBe('of 1')
    truncateSync(archiveOf(past, first), 5000)
    for (const argv of [asked, ['--latest-with', past.stage.at('web', 'file')]]) {
      const { code, last: refused } = await past.restore(...argv)
      expect(refused).toMatchObject({ code: 'E_DAMAGED', message: expect.stringContaining(`${first} is passed over`) })
      expect(code).toBe(4)
    }
  } finally {
    past.stage.remove()
  }
})

describe.runIf(requirement('root'))('owners', () => {
  let past: Past
  const owner = (path: string) => {
    const { uid, gid } = lstatSync(path)
    return [uid, gid]
  }

  beforeAll(async () => {
    past = new Past(false)
    mkdirSync(past.stage.at('web', 'theirs'))
    for (const name of ['file', 'other', 'theirs/file']) past.put('web', name, name)
    for (const name of ['file', 'theirs', 'theirs/file']) chownSync(past.stage.at('web', name), 4321, 4322)
    lchownSync(past.stage.at('web', 'other'), nobody, 4322)
    await past.create(1, '--services', 'web')
  })
  afterAll(() => past.stage.remove())

  test('are mapped by number and by name, directories too; a saved plan does the same, and says so', async () => {
    const target = past.target()
    const file = past.stage.at('tmp', 'owners.json')
    const mapped = ['--map-owner', '4321=daemon', '--map-owner', 'nobody:4322=77:bin']
    const planned = await past.plan('latest', ...mapped, '--target', target, '--save-plan', file)
    expect(planned.plan).toMatchObject({
      owners: [
        { kind: 'user', from: 4321, to: 1, name: 'daemon' },
        { kind: 'user', from: 'nobody', to: 77, name: '77' },
        { kind: 'group', from: 4322, to: 2, name: 'bin' },
      ],
    })
    expect((await past.restore('--plan', file)).code).toBe(0)
    const there = (name: string) => owner(join(target, past.stage.at('web', name)))
    expect([there('file'), there('theirs'), there('theirs/file'), there('other'), there('.')]).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [77, 2],
      [0, 0],
    ])
    // Once more there is nothing left to do; with other owners everything that was mapped is.
    const again = await past.restore('latest', ...mapped, '--target', target, '--on-conflict', 'overwrite', '--yes')
    expect(again.last).toMatchObject({ restore: { written: 0, unchanged: 5 } })
    const back = await past.restore('latest', '--target', target, '--on-conflict', 'overwrite', '--yes')
    expect(back.code).toBe(0)
    expect([there('file'), there('theirs'), there('other')]).toEqual([
      [4321, 4322],
      [4321, 4322],
      [nobody, 4322],
    ])
  })

  test('whoever maps one that owns nothing is told, and an unknown name is refused with the nearest', async () => {
    const { plan } = await past.plan('latest', '--map-owner', 'dameon=daemon')
    expect(plan.notices).toEqual(['--map-owner names the user dameon, to whom nothing in the backup belongs'])
    const { last } = await past.restore('latest', '--map-owner', '1=dameon', '--dry-run')
    expect(last).toMatchObject({ kind: 'error', code: 'E_USAGE', hint: 'did you mean daemon?' })
  })
})
