import { type Libc, loadLibc } from './libc.ts'

/**
 * Tells whoever started this process how it is, by the protocol of sd_notify(3): systemd, s6, podman and others.
 * No call throws, for a supervisor that is gone must not end what it watched.
 */
export interface Supervisor {
  /** What was to be done before it can serve, or reading its configuration anew, is over. */
  ready(status: string): void
  /** One line for `systemctl status`. */
  status(text: string): void
  reloading(): void
  stopping(): void
  /** Asks for so much more time from now on, while it starts, reloads or stops. */
  extend(ms: number): void
  /** It is killed unless `alive` comes more often than this; null where nobody watches. */
  readonly watchdogMs: number | null
  alive(): void
}

/** Variables of the protocol. Whoever inherits them could speak in this process's name. */
const variables = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const

/**
 * The supervisor that `environment` names, or one that hears nothing. Its variables are taken out of `environment`,
 * so that no process that is started later inherits them.
 */
export function openSupervisor(
  environment: Record<string, string | undefined>,
  pid: number,
  reachLibc: () => Pick<Libc, 'sendDatagram'> | null = loadLibc,
): Supervisor {
  const [socket, watchdogUs, watchdogPid] = variables.map((name) => environment[name])
  for (const name of variables) delete environment[name]
  const address = socketAddress(socket)
  /** A state the supervisor was too busy to take: without it, it would wait for us in vain. */
  let owed = ''

  function tell(lines: string, isState: boolean): void {
    if (address === null) return
    const whole = isState ? lines : owed + lines
    try {
      reachLibc()?.sendDatagram(address, Buffer.from(whole))
      owed = ''
    } catch {
      if (isState) owed = lines // gone, or behind; the next word carries this one along
    }
  }

  return {
    ready: (status) => tell(`READY=1\n${statusLine(status)}`, true),
    status: (text) => tell(statusLine(text), false),
    // systemd.service(5), Type=notify-reload: CLOCK_MONOTONIC, which is what hrtime reads.
    reloading: () => tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}\n`, true),
    stopping: () => tell('STOPPING=1\n', true),
    extend: (ms) => tell(`EXTEND_TIMEOUT_USEC=${Math.ceil(ms * 1000)}\n`, false),
    watchdogMs: address === null ? null : watchdogMs(watchdogUs, watchdogPid, pid),
    alive: () => tell('WATCHDOG=1\n', false),
  }
}

/** A path, or `@name` of an abstract socket. Other kinds of address (vsock) are not spoken here. */
function socketAddress(socket: string | undefined): Buffer | null {
  if (socket === undefined || !/^[/@]./.test(socket)) return null
  const name = Buffer.from(socket)
  if (socket.startsWith('@')) name[0] = 0
  return name
}

/** sd_watchdog_enabled(3): meant for another process where its pid is another's. */
function watchdogMs(us: string | undefined, watched: string | undefined, pid: number): number | null {
  if (us === undefined || !/^[1-9][0-9]*$/.test(us)) return null
  if (watched !== undefined && watched !== '' && Number(watched) !== pid) return null
  return Number(us) / 1000
}

/** A line end in the text would begin a statement of its own. */
function statusLine(text: string): string {
  return `STATUS=${text.replaceAll(/[\0-\x1f\x7f]+/g, ' ')}\n`
}
