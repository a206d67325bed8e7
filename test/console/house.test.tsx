import { expect, test } from 'vitest'
import { BackupError } from '../../src/model/errors.ts'
import { key, misfits, openConsole, pasted } from './harness.tsx'
import { sampleBackups, suffixOf } from './sample.ts'

/** The row the cursor is on. */
function cursorRow(frame: string): string {
  return frame.split('\n').find((line) => line.startsWith('▸')) ?? ''
}

test('opens on the dashboard, and digits lead to the screens', async () => {
  const console = await openConsole()
  await console.until('HOLDFAST › Dashboard')
  await console.keys('2')
  await console.until('HOLDFAST › Backups')
  await console.keys('6')
  await console.until('HOLDFAST › Activity')
  await console.keys('7')
  await console.until('HOLDFAST › Settings and keys')
  await console.keys('1')
  await console.until('HOLDFAST › Dashboard')
})

test('keys of one packet act on what each of them finds on the screen', async () => {
  const console = await openConsole()
  await console.keys(`2${key.down}${key.down}o${key.down}${key.enter}`)
  // The second of the orders was chosen, and the cursor went on with its row.
  const frame = await console.until('oldest first')
  expect(cursorRow(frame)).toContain(suffixOf(2))
})

test('every split of a string of keys leads to the same screen', async () => {
  const packet = `2${key.down}j${key.pageDown}/web${key.enter}${key.up} ${key.down}o${key.down}\r`
  const whole = await openConsole()
  await whole.keys(packet)
  // The oldest of the eight stands first now, and the mark went with its row.
  const wanted = await whole.until(/SERVICE.*\n.* aabd /)
  expect(wanted).toContain('●')
  for (let at = 1; at < packet.length; at++) {
    const console = await openConsole()
    // Both halves come before anything times out: nothing waits in between.
    const first = console.keys(packet.slice(0, at))
    const second = console.keys(packet.slice(at))
    await Promise.all([first, second])
    await console.until(wanted)
  }
  const bytewise = await openConsole()
  await Promise.all(Array.from(packet, (byte) => bytewise.keys(byte)))
  await bytewise.until(wanted)
})

test('what is pasted into a list does nothing, and says so', async () => {
  const console = await openConsole()
  await console.keys('2')
  const before = cursorRow(await console.until('Backups 40'))
  await console.keys(pasted('jjjPy\rq'))
  const after = await console.until('pasted text was dropped')
  expect(cursorRow(after)).toBe(before)
  expect(console.calls.map(({ method }) => method)).not.toContain('pin')
})

test('what is pasted into a filter is text', async () => {
  const console = await openConsole()
  await console.keys(`2/${pasted('web\r')}`)
  await console.until('/web')
  await console.until('8 of 40')
})

test('Esc closes the topmost thing: dialog, filter, marks, screen', async () => {
  const console = await openConsole()
  await console.keys('2 /web\r')
  await console.until('8 of 40')
  await console.keys('P')
  await console.until('[ Cancel ]')
  await console.keys(key.escape)
  await console.untilGone('[ Cancel ]')
  await console.keys(key.escape)
  await console.until('Backups 40')
  await console.until('1 marked')
  await console.keys(key.escape)
  await console.untilGone('1 marked')
  await console.keys(key.escape)
  await console.until('HOLDFAST › Dashboard')
})

test('? lists the keys that work here, finds one by a word, and does it', async () => {
  const console = await openConsole()
  await console.keys('2?')
  const help = await console.until('Keys')
  expect(help).toContain('hold this backup')
  await console.keys('order')
  await console.until('1 of ')
  await console.keys(key.enter)
  await console.until('newest first')
  await console.until('what is wrong first')
})

test(': finds a screen by a few letters of its name', async () => {
  const console = await openConsole()
  await console.keys(':activ')
  await console.until('Activity')
  await console.keys(key.enter)
  await console.until('HOLDFAST › Activity')
})

test('q on the dashboard leaves with 0', async () => {
  const console = await openConsole()
  await console.keys('q')
  expect(await console.left).toEqual({ exitCode: 0 })
})

test('Ctrl-C cancels what is open, asks on the dashboard, and leaves with 130 when pressed again', async () => {
  const console = await openConsole()
  await console.keys(`2${key.ctrlC}`)
  await console.until('HOLDFAST › Dashboard')
  await console.keys(key.ctrlC)
  await console.until('Leave?')
  await console.keys(key.escape)
  await console.untilGone('Leave?')
  await console.keys(`${key.ctrlC}${key.ctrlC}`)
  expect(await console.left).toEqual({ exitCode: 130 })
})

test('a pager that is not there is told, and nothing breaks', async () => {
  const console = await openConsole({
    terminal: { page: () => Promise.reject(new BackupError('E_IO', 'there is no pager less', 'install less')) },
  })
  await console.keys('6e')
  await console.until('there is no pager less: install less')
})

test('what breaks a screen ends the console with its error', async () => {
  const console = await openConsole({ engine: { status: async () => JSON.parse('{}') } })
  await expect(console.left).rejects.toThrow()
})

test('while a filter is typed, only what works then is hinted at', async () => {
  const console = await openConsole()
  await console.keys('2')
  await console.until('P pin')
  await console.keys('/')
  const frame = await console.until('Enter keep')
  expect(frame).not.toContain('P pin')
  expect(frame).not.toContain('? help')
})

test('what is said is cut before it touches the age of the data', async () => {
  const console = await openConsole({ columns: 80, rows: 24 })
  await console.keys('2')
  await console.until('Backups 40')
  await console.keys('y')
  expect((await console.until('is in the clipb')).split('\n').at(-1)).toMatch(/… sync 00:00Z$/)
})

test('Ctrl-Z hands the terminal over', async () => {
  const console = await openConsole()
  await console.keys(key.ctrlZ)
  await console.until('HOLDFAST')
  expect(console.favours).toEqual(['stop'])
})

test('a terminal that is too small says so, and the screen comes back as it was', async () => {
  const console = await openConsole()
  await console.keys(`2${key.down}${key.down}`)
  const before = await console.until('Backups 40')
  await console.resize(58, 24)
  await console.until('Terminal too small: 58x24, need 60x16')
  await console.keys('P')
  await console.resize(100, 30)
  await console.until('Backups 40')
  expect(console.frame()).toBe(before)
})

test('fits exactly whatever the terminal becomes', async () => {
  const console = await openConsole()
  await console.keys('2')
  for (const [columns, rows] of [
    [200, 60],
    [60, 16],
    [81, 17],
    [100, 30],
    [80, 24],
  ] as const) {
    await console.resize(columns, rows)
    await console.until('Backups')
    expect(misfits(console.frame(), columns, rows)).toEqual([])
  }
})

test('a read-only console has no key that changes anything', async () => {
  const console = await openConsole({ readOnly: true })
  await console.until('READ-ONLY')
  await console.keys('2P')
  await console.keys('V')
  await console.keys('D')
  const frame = await console.until('Backups 40')
  expect(frame).not.toContain('[ Cancel ]')
  expect(frame).not.toContain('P pin')
  await console.keys('?')
  expect(await console.until('Keys')).not.toContain('hold this backup')
})

test('a read-only console names no key that it does not have, where nothing is there yet', async () => {
  const console = await openConsole({ readOnly: true, backups: [], runs: [] })
  await console.keys('2')
  expect(await console.until('No backups yet')).not.toContain('B makes')
  await console.keys('3')
  expect(await console.until('There are no schedules')).not.toContain('N makes')
  await console.keys('5')
  expect(await console.until('Nothing was verified')).not.toContain('V verifies')
})

test('a passphrase is asked for over what is shown, is never drawn, and refusing it goes on without', async () => {
  const console = await openConsole()
  const asked = console.questions.askPassphrase()
  await console.until('Passphrase')
  await console.keys('correct horse')
  expect(await console.until('●●●●●')).not.toContain('correct')
  await console.keys(key.enter)
  expect(await asked).toBe('correct horse')
  await console.untilGone('Passphrase')
  const again = console.questions.askPassphrase()
  const refused = expect(again).rejects.toThrow('no passphrase was given')
  await console.until('Passphrase')
  await console.keys(key.escape)
  await refused
  await console.until('Dashboard')
})

test('reads anew what is looked at, and a backup that came does not move the cursor', async () => {
  let backups = sampleBackups(30).slice(1)
  const console = await openConsole({ engine: { list: async () => ({ backups, problems: [] }) } })
  await console.keys(`2${key.down}${key.down}`)
  const before = cursorRow(await console.until('Backups 29'))
  backups = sampleBackups(30)
  await console.keys('r')
  const after = await console.until('Backups 30')
  expect(cursorRow(after)).toBe(before)
})

test('what cannot be read is told with its reason, and what is known stays', async () => {
  let fails = false
  const console = await openConsole({
    engine: {
      async list() {
        if (fails) throw new Error('the disk is gone')
        return { backups: sampleBackups(5), problems: [] }
      },
    },
  })
  await console.keys('2')
  await console.until('Backups 5')
  fails = true
  await console.keys('r')
  const frame = await console.until('the disk is gone')
  expect(frame).toContain('Backups 5')
  expect(frame).toMatch(/! data .* old/)
})
