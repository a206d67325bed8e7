import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, expect, test } from 'vitest'
import { openSupervisor } from '../../../src/engine/platform/supervisor.ts'
import { requirement } from '../../requirements.ts'

const receiver = fileURLToPath(new URL('./supervisor-socket.py', import.meta.url))
const top = mkdtempSync(join(tmpdir(), 'supervisor-'))
let child: ChildProcess | null = null

afterEach(() => {
  child?.kill('SIGKILL')
  child = null
})
afterAll(() => rmSync(top, { recursive: true }))

/** What a real socket at `address` hears next. */
async function listen(address: string): Promise<() => Promise<unknown>> {
  const python = spawn('python3', [receiver, address], { stdio: ['ignore', 'pipe', 'inherit'] })
  child = python
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null')
  expect(await next()).toBe('bound')
  return next
}

const noLibc = (): never => expect.unreachable('the C library was loaded')

for (const [kind, address] of [
  ['a path', join(top, 'notify')],
  ['an abstract name', `@${top}/abstract`],
] as const) {
  test.skipIf(!requirement('python3'))(`speaks to the socket at ${kind}, as this process`, async () => {
    const heard = await listen(address)
    const supervisor = openSupervisor({ NOTIFY_SOCKET: address }, process.pid)
    supervisor.ready('idle, next 03:00')
    expect(await heard()).toEqual({ pid: process.pid, text: 'READY=1\nSTATUS=idle, next 03:00\n' })
    supervisor.status('one\nSTOPPING=1')
    expect(await heard()).toEqual({ pid: process.pid, text: 'STATUS=one STOPPING=1\n' })
    supervisor.extend(1500.0001)
    expect(await heard()).toMatchObject({ text: 'EXTEND_TIMEOUT_USEC=1500001\n' })
    supervisor.alive()
    expect(await heard()).toMatchObject({ text: 'WATCHDOG=1\n' })
    supervisor.stopping()
    expect(await heard()).toMatchObject({ text: 'STOPPING=1\n' })
  })
}

test.skipIf(!requirement('python3'))(
  'says when it began to reload on the clock that systemd compares with',
  async () => {
    const address = join(top, 'reload')
    const heard = await listen(address)
    const before = process.hrtime.bigint() / 1000n
    openSupervisor({ NOTIFY_SOCKET: address }, process.pid).reloading()
    const said = JSON.stringify(await heard())
    const at = BigInt(/RELOADING=1\\nMONOTONIC_USEC=(\d+)\\n/.exec(said)?.[1] ?? '0')
    expect(at).toBeGreaterThanOrEqual(before)
    expect(at).toBeLessThanOrEqual(process.hrtime.bigint() / 1000n)
  },
)

test('outlives its supervisor', () => {
  const supervisor = openSupervisor({ NOTIFY_SOCKET: join(top, 'nobody') }, process.pid)
  supervisor.ready('')
  supervisor.alive()
  const tooLong = openSupervisor({ NOTIFY_SOCKET: `/${'x'.repeat(108)}` }, process.pid)
  tooLong.ready('')
})

test('brings a state that was not taken along with the next word', () => {
  const sent: string[] = []
  let busy = true
  const libc = {
    sendDatagram(_: Uint8Array, bytes: Uint8Array) {
      if (busy) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' })
      sent.push(Buffer.from(bytes).toString())
    },
  }
  const supervisor = openSupervisor({ NOTIFY_SOCKET: '/run/x' }, 1, () => libc)
  supervisor.ready('idle')
  busy = false
  supervisor.alive()
  supervisor.alive()
  expect(sent).toEqual(['READY=1\nSTATUS=idle\nWATCHDOG=1\n', 'WATCHDOG=1\n'])
})

test.each([
  ['no supervisor', {}],
  ['an address of another kind', { NOTIFY_SOCKET: 'vsock:2:1' }],
  ['an empty address', { NOTIFY_SOCKET: '' }],
  ['an abstract socket without a name', { NOTIFY_SOCKET: '@' }],
])('does nothing and loads nothing where there is %s', (_, environment) => {
  const supervisor = openSupervisor({ ...environment, WATCHDOG_USEC: '30000000' }, 7, noLibc)
  supervisor.ready('')
  supervisor.reloading()
  supervisor.stopping()
  expect(supervisor.watchdogMs).toBeNull()
})

test.each<[string, Record<string, string>, number | null]>([
  ['nobody watches', {}, null],
  ['every process', { WATCHDOG_USEC: '30000000' }, 30_000],
  ['this process', { WATCHDOG_USEC: '1500', WATCHDOG_PID: '7' }, 1.5],
  ['another process', { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, null],
  ['nonsense', { WATCHDOG_USEC: 'soon' }, null],
  ['no time at all', { WATCHDOG_USEC: '0' }, null],
])('knows the watchdog of %s', (_, environment, watchdogMs) => {
  const supervisor = openSupervisor({ ...environment, NOTIFY_SOCKET: '/run/x' }, 7, noLibc)
  expect(supervisor.watchdogMs).toBe(watchdogMs)
})

test('hands the protocol on to no job', () => {
  const environment = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '1', WATCHDOG_PID: '7', PATH: '/bin' }
  openSupervisor(environment, 7)
  expect(environment).toEqual({ PATH: '/bin' })
})
