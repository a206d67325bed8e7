import * as z from 'zod'
import { cronFieldOrder, parseCron } from './cron.ts'

/** The kinds of value that stand in backup_config.json and in the environment. */

export const text = z.string().min(1)
/** Text that becomes a path: no shell expands ~ or $HOME here, and a directory of that name is never meant. */
export const pathText = text.refine((path) => !path.includes('\0') && !/^(~(\/|$)|\$[A-Za-z{(])/.test(path), {
  error: 'must be a path written out, without ~, a variable or NUL',
})
/** Also keeps a password that was pasted here by mistake from being taken for a name. */
export const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be the name of an environment variable' })
export const flag = z.boolean()
export const days = z.int().min(0).max(36_500)
export const threads = z.int().min(1).max(256)
export const share = z.int().min(1).max(100)
export const port = z.int().min(1).max(65_535)
export const strings = z.array(text)
export const paths = z.array(pathText)
export const cron = z.string().check(({ value, issues }) => {
  const wrong = wrongInCron(value)
  if (wrong !== null) issues.push({ code: 'custom', input: value, message: wrong })
})
export const timeZone = z.string().refine(isTimeZone, { error: 'must be a time zone such as Europe/Berlin or UTC' })
export const url = z.url({ error: 'must be a URL' })
export const permissions = z.string().regex(/^0?[0-7]{3}$/, { error: 'must be three octal digits, such as "700"' })

/** Names the field; the wrong part only where it looks like one: it may be a passphrase put in the wrong place. */
function wrongInCron(text: string): string | null {
  const reading = parseCron(text)
  if (reading.kind === 'cron') return reading.cron.neverFires
  const { field, start, end, message, hint } = reading.problem
  const must = `must be a cron expression (${cronFieldOrder})`
  if (field === null) return `${must}, or six fields with the second first`
  return `${must}: ${/^[\d*,/-]{0,20}$/.test(text.slice(start, end)) ? message : hint}`
}

/** To ask the system takes a tenth of a millisecond, and schedules.json is read for years. */
const knownZones = new Set<string>()

function isTimeZone(name: string): boolean {
  if (knownZones.has(name)) return true
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
  } catch {
    return false
  }
  knownZones.add(name)
  return true
}

/** A name that becomes part of a file name: one path component, no leading dot or dash. */
export const name = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/, {
  error: 'must be a name of letters, digits, dot, dash and underscore, 64 at most',
})

/** 7z is known, so that it can be answered; see `compressions` in archive.ts for what an archive can be. */
export const compressionNames = ['zstd', 'gzip', 'bzip2', 'xz', 'none', '7z'] as const
export const compressionName = z.enum(compressionNames)

export const serviceTypes = ['files', 'postgres', 'redis', 'secrets', 'agent_state', 'docker_volume'] as const
export type ServiceType = (typeof serviceTypes)[number]

export const logLevels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const
