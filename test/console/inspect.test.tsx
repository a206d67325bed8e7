import { expect, test } from 'vitest'
import { key, openConsole } from './harness.tsx'
import { directory, file, link, pretendBrowser } from './pretend-browser.ts'
import { backupId } from './sample.ts'

const id = backupId(0, 'incremental')
const files = [
  directory('etc'),
  file('etc/hosts', '127.0.0.1 localhost\n::1 localhost\n'),
  directory('etc/ssh', { mode: 0o700 }),
  file('etc/ssh/sshd_config', 'Port 22\n'),
  link('etc/localtime', '/usr/share/zoneinfo/UTC'),
]
test('look', async () => {
  const browser = pretendBrowser(id, { web: files })
  const console = await openConsole({ columns: 80, rows: 24, engine: { browse: async () => browser } })
  await console.keys(`2${key.enter}`)
  await console.until('etc/')
  await console.keys(key.enter)
  process.stdout.write(`${await console.until('127.0')}\n`)
  await console.resize(60, 16)
  process.stdout.write(`${await console.until('127.0')}\n`)
  await console.keys('i')
  process.stdout.write(`${await console.until('Details')}\n`)
  await console.keys(`${key.escape}`)
  await console.keys(`=`)
  process.stdout.write(`${await console.until('disk')}\n`)
  await console.keys(`${key.escape}`)
  await console.keys(`f`)
  await console.keys(`o`)
  await console.resize(100, 30)
  process.stdout.write(`${await console.until('sshd')}\n`)
  expect(1).toBe(1)
})
