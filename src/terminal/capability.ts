import type { Capability } from '../model/console.ts'

/** What is known of the terminal before anything is drawn. */
export interface TerminalFacts {
  readonly stdinIsTerminal: boolean
  readonly stdoutIsTerminal: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  /** `--no-color` was given. */
  readonly colorless: boolean
}

const patientMs = 100
const promptMs = 30
const slowFps = 8
const fullFps = 15

/** Why the console cannot be drawn here; null where it can. */
export function whyNotDrawable({ stdinIsTerminal, stdoutIsTerminal, environment }: TerminalFacts): string | null {
  if (!stdinIsTerminal) return 'stdin is not a terminal'
  if (!stdoutIsTerminal) return 'stdout is not a terminal'
  const term = environment['TERM']
  if (!term) return 'TERM is not set'
  return term === 'dumb' ? 'TERM=dumb cannot draw' : null
}

export function capabilityOf({ environment, colorless }: TerminalFacts): Capability {
  const slowLink = Boolean(environment['SSH_CONNECTION'] || environment['SSH_TTY'] || environment['SSH_CLIENT'])
  return {
    unicode: drawsUnicode(environment),
    colors: colorless || !wantsColors(environment) ? 'none' : '16',
    slowLink,
    escapeMs: slowLink ? patientMs : promptMs,
    maxFps: slowLink ? slowFps : fullFps,
  }
}

/** NO_COLOR counts unless FORCE_COLOR says otherwise (no-color.org; chalk and Ink know neither it nor TERM). */
function wantsColors(environment: TerminalFacts['environment']): boolean {
  const forced = environment['FORCE_COLOR']
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  return !environment['NO_COLOR']
}

/**
 * The Linux console's font has no marks. Elsewhere a locale that names another character set decides; an unset one
 * says nothing, and terminals of today draw UTF-8. HOLDFAST_GLYPHS=ascii or unicode overrules.
 */
function drawsUnicode(environment: TerminalFacts['environment']): boolean {
  const wanted = environment['HOLDFAST_GLYPHS']
  if (wanted === 'ascii' || wanted === 'unicode') return wanted === 'unicode'
  if (environment['TERM'] === 'linux') return false
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || ''
  return locale === '' || /utf-?8/i.test(locale)
}
