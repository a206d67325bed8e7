import { test } from 'vitest'
import { key, openConsole } from '../harness.tsx'
import { overwritten, pretendBrowser, pretendPlans, refused, step } from '../restore-kit.ts'

const tree = { '/srv/www/': 0, '/srv/www/index.html': 1200, '/srv/www/conf/': 0, '/srv/www/conf/site.conf': 4000, '/srv/www/conf/old.conf': 100, '/srv/www/img/': 0, '/srv/www/img/a.png': 5_000_000 }

for (const [columns, rows] of [[100, 30]] as const)
  test(`look ${columns}`, async () => {
    const steps = [refused('/srv/www/socket', 'type-conflict'), overwritten('/srv/www/conf/site.conf', 6), overwritten('/srv/www/index.html', -3), step('/srv/www/img/a.png', { bytes: 5_000_000 })]
    const plans = pretendPlans(steps)
    const c = await openConsole({ columns, rows, facts: { home: '/root' }, engine: { browse: async () => pretendBrowser({ web: tree }), planRestore: plans.planRestore } })
    await c.keys('2')
    await c.until('Backups 40')
    await c.keys('R')
    await c.until('site.conf').catch(() => {})
    console.log(c.frame())
    await c.keys(key.down + key.down + key.down + ' ')
    await c.until('marked: ')
    console.log(c.frame())
    await c.keys(key.escape)
    await c.until('BACKUP')
    console.log(c.frame())
    await c.keys(key.enter)
    await c.until('SCOPE')
    await c.keys(key.enter)
    await c.until('does not exist yet')
    console.log(c.frame())
    await c.keys(`${key.tab}${key.right}`)
    console.log(c.frame())
    await c.keys(key.enter)
    await c.until('Conflicts')
    await c.until('blocked')
    console.log(c.frame())
    await c.keys('F')
    await c.until('C goes on')
    console.log(c.frame())
    await c.keys('C')
    await c.until('begins it')
    console.log(c.frame())
    await c.keys('C')
    await c.until('type the')
    console.log(c.frame())
  })
