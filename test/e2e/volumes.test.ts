import { mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { noise, Series } from './incremental-kit.ts'

/** A service with data volumes: one within its paths, one elsewhere whose name is a pattern if not escaped. */

let series: Series
let elsewhere: string
beforeEach(() => {
  series = new Series()
  elsewhere = series.stage.at('data[1]')
  mkdirSync(series.at('docker', 'data'), { recursive: true })
  mkdirSync(elsewhere)
  writeFileSync(series.at('compose.yaml'), 'services: {}\n')
  writeFileSync(series.at('docker', 'data', 'table'), noise(1, 40_000))
  writeFileSync(`${elsewhere}/index`, noise(2, 20_000))
  const app = { type: 'files', include_paths: [series.source], volume_paths: [series.at('docker/data'), elsewhere] }
  const only = { type: 'files', volume_paths: [elsewhere] }
  const volume = { type: 'docker_volume' }
  writeFileSync(series.stage.at('backup_config.json'), JSON.stringify({ services: { app, only, volume } }))
})
afterEach(() => series.remove())

async function namesIn(id: string): Promise<string[]> {
  const { lines } = await series.stage.json(['inspect', id])
  const paths = lines.filter(({ kind }) => kind === 'entry').map((line) => String(line['path']))
  return paths.map((path) => path.slice(path.lastIndexOf('/') + 1))
}

test('a service is backed up with its data volumes, and without them when asked', async () => {
  const whole = await series.made('service', '--services', 'app')
  expect(await namesIn(whole.id)).toEqual(expect.arrayContaining(['compose.yaml', 'table', 'index']))
  const small = await series.made('service', '--services', 'app', '--no-volumes')
  const names = await namesIn(small.id)
  expect(names).toContain('compose.yaml')
  expect(names).not.toContain('table')
  expect(names).not.toContain('index')
})

test('an incremental with the volumes builds on the newest backup that has them', async () => {
  const whole = await series.made('full', '--services', 'app')
  const small = await series.made('incremental', '--services', 'app', '--no-volumes')
  expect(small).toMatchObject({ base: whole.id })
  const again = await series.made('incremental', '--services', 'app')
  expect(again).toMatchObject({ base: whole.id, reusedBytes: whole.bytes })
  expect(await series.made('incremental', '--services', 'app', '--no-volumes')).toMatchObject({ base: again.id })
})

test('where only a backup without volumes is there, it is built upon', async () => {
  const small = await series.made('full', '--services', 'app', '--no-volumes')
  expect(await series.made('incremental', '--services', 'app')).toMatchObject({ base: small.id })
})

test('services that are volumes and nothing else are left out; where no other is chosen, that is refused', async () => {
  const { code, backup, warnings } = await series.create('full', '--services', 'app,only,volume', '--no-volumes')
  expect({ code, warnings, services: backup.services }).toEqual({ code: 0, warnings: [], services: ['app'] })
  const refused = await series.create('full', '--services', 'only', '--no-volumes')
  expect(refused).toMatchObject({
    code: 2,
    last: { code: 'E_USAGE', message: 'without data volumes nothing is left of only' },
  })
})
