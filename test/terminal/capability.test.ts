import { expect, test } from 'vitest'
import { capabilityOf, whyNotDrawable } from '../../src/terminal/capability.ts'

const here = { stdinIsTerminal: true, stdoutIsTerminal: true, colorless: false }

test.each([
  [{ ...here, environment: { TERM: 'xterm' } }, null],
  [{ ...here, environment: { TERM: 'xterm', CI: 'true' } }, null],
  [{ ...here, environment: { TERM: 'linux' } }, null],
  [{ ...here, environment: { TERM: 'dumb' } }, 'TERM=dumb cannot draw'],
  [{ ...here, environment: { TERM: '' } }, 'TERM is not set'],
  [{ ...here, environment: {} }, 'TERM is not set'],
  [{ ...here, stdinIsTerminal: false, environment: { TERM: 'xterm' } }, 'stdin is not a terminal'],
  [{ ...here, stdoutIsTerminal: false, environment: { TERM: 'xterm' } }, 'stdout is not a terminal'],
])('says whether a terminal can draw the console: %j', (facts, why) => {
  expect(whyNotDrawable(facts)).toBe(why)
})

test.each([
  [{}, true],
  [{ LANG: 'C.UTF-8' }, true],
  [{ LANG: 'de_DE.ISO-8859-1' }, false],
  [{ LANG: 'de_DE.ISO-8859-1', LC_ALL: 'en_US.utf8' }, true],
  [{ TERM: 'linux', LANG: 'C.UTF-8' }, false],
  [{ TERM: 'linux', HOLDFAST_GLYPHS: 'unicode' }, true],
  [{ HOLDFAST_GLYPHS: 'ascii' }, false],
])('draws marks beyond ASCII only where the font has them: %j', (environment, unicode) => {
  expect(capabilityOf({ ...here, environment: { TERM: 'xterm', ...environment } }).unicode).toBe(unicode)
})

test.each([
  [{}, false, '16'],
  [{ NO_COLOR: '1' }, false, 'none'],
  [{ NO_COLOR: '' }, false, '16'],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, false, '16'],
  [{ FORCE_COLOR: '0' }, false, 'none'],
  [{ FORCE_COLOR: '1' }, true, 'none'],
])('has colours unless somebody says no: %j, --no-color %s', (environment, colorless, colors) => {
  expect(capabilityOf({ ...here, colorless, environment: { TERM: 'xterm', ...environment } }).colors).toBe(colors)
})

test('is patient with keys and sparing with frames over SSH', () => {
  const near = capabilityOf({ ...here, environment: { TERM: 'xterm' } })
  const far = capabilityOf({ ...here, environment: { TERM: 'xterm', SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' } })
  expect(far.escapeMs).toBeGreaterThanOrEqual(100)
  expect(far.escapeMs).toBeGreaterThan(near.escapeMs)
  expect(far.maxFps).toBeLessThan(near.maxFps)
})
