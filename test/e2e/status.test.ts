import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Stage } from './stage.ts'

const clockModule = fileURLToPath(new URL('./shifted-clock.ts', import.meta.url))
const hour = 3_600_000
let stage: Stage

beforeAll(async () => {
  stage = new Stage()
  for (const name of ['hourly', 'weekly']) {
    mkdirSync(stage.at(name))
    writeFileSync(stage.at(name, 'a'), 'a')
  }
  writeFileSync(
    stage.at('backup_config.json'),
    JSON.stringify({
      schedules: {
        hourly: { cron_expression: '0 * * * *', include_paths: [stage.at('hourly')] },
        // whenever this runs, its next day is more than three days away
        weekly: { cron_expression: `0 0 * * ${(new Date().getUTCDay() + 5) % 7}`, include_paths: [stage.at('weekly')] },
      },
    }),
  )
  await stage.succeed(['create'])
})
afterAll(() => stage.remove())

const later = (ms: number) => ({ env: { NODE_OPTIONS: `--import=${clockModule}`, SHIFTED_CLOCK_MS: String(ms) } })

test('all is well just after a backup, though no daemon runs the schedules', async () => {
  const { code, stdout } = await stage.run(['status'])
  expect(code).toBe(0)
  expect(stdout).toContain('safe: nothing needs attention\n')
  expect(stdout).toContain('next run: none: no daemon runs (holdfast --daemon)\n')
})

test('three hours later the hourly one is late, and three days later the weekly one is not', async () => {
  for (const hours of [3, 72]) {
    const { code, last } = await stage.json(['status'], later(hours * hour))
    expect(code).toBe(3)
    expect(last['status']).toMatchObject({
      ok: false,
      daemon: null,
      alerts: [{ kind: 'overdue', subject: 'hourly' }],
      services: [
        { name: 'hourly', overdue: true, because: 'schedule' },
        { name: 'weekly', overdue: false, because: 'schedule' },
      ],
    })
  }
})

test('a backup that is less safe than asked for is not incomplete', async () => {
  const hybrid = new Stage()
  try {
    mkdirSync(hybrid.at('source'))
    const services = { files: { type: 'files', include_paths: [hybrid.at('source')] } }
    writeFileSync(hybrid.at('backup_config.json'), JSON.stringify({ services, storage: { type: 'hybrid' } }))
    expect((await hybrid.run(['create'])).code).toBe(3)
    const { code, last } = await hybrid.json(['status'])
    expect({ code, status: last['status'] }).toMatchObject({ code: 0, status: { alerts: [] } })
  } finally {
    hybrid.remove()
  }
})
