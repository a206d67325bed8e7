/** The marks of the console. No emoji, and nothing whose width terminals disagree on. */
export interface Glyphs {
  readonly ok: string
  readonly warning: string
  readonly failed: string
  readonly running: string
  readonly pending: string
  readonly skipped: string
  readonly unknown: string
  readonly cursor: string
  readonly mark: string
  readonly cut: string
  readonly crumb: string
  readonly dot: string
  readonly arrow: string
  readonly rule: string
  readonly up: string
  readonly down: string
  readonly open: string
  readonly closed: string
  readonly partly: string
  readonly unmarked: string
  /** From nothing to all of a cell, for bars. */
  readonly eighths: readonly string[]
  readonly empty: string
  /** From low to high, for plots. */
  readonly levels: readonly string[]
  /** A failed run in a plot. */
  readonly cross: string
  readonly border: BorderGlyphs
}

export interface BorderGlyphs {
  readonly topLeft: string
  readonly topRight: string
  readonly bottomLeft: string
  readonly bottomRight: string
  readonly horizontal: string
  readonly vertical: string
}

export const unicodeGlyphs: Glyphs = {
  ok: '✔',
  warning: '!',
  failed: '✖',
  running: '»',
  pending: '·',
  skipped: '-',
  unknown: '?',
  cursor: '▸',
  mark: '●',
  cut: '…',
  crumb: '›',
  dot: '·',
  arrow: '→',
  rule: '─',
  up: '▲',
  down: '▼',
  open: '▾',
  closed: '▸',
  partly: '◐',
  unmarked: '○',
  eighths: ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
  empty: '░',
  levels: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  cross: '×',
  border: {
    topLeft: '╭',
    topRight: '╮',
    bottomLeft: '╰',
    bottomRight: '╯',
    horizontal: '─',
    vertical: '│',
  },
}

export const asciiGlyphs: Glyphs = {
  ok: 'ok',
  warning: '!',
  failed: 'X',
  running: '>',
  pending: '.',
  skipped: '-',
  unknown: '?',
  cursor: '>',
  mark: '*',
  cut: '~',
  crumb: '>',
  dot: '-',
  arrow: '->',
  rule: '-',
  up: '^',
  down: 'v',
  open: 'v',
  closed: '>',
  partly: '+',
  unmarked: '.',
  eighths: ['', '', '', '', '', '', '', '', '#'],
  empty: '.',
  levels: [' ', '.', ':', '-', '=', '+', '*', '#'],
  cross: 'x',
  border: { topLeft: '+', topRight: '+', bottomLeft: '+', bottomRight: '+', horizontal: '-', vertical: '|' },
}

export function glyphsFor(unicode: boolean): Glyphs {
  return unicode ? unicodeGlyphs : asciiGlyphs
}

export type State = 'ok' | 'warning' | 'failed' | 'running' | 'pending' | 'skipped' | 'unknown'

/** How a state looks; its mark is in the glyphs under the same name. Colour only repeats what the mark says. */
export function lookOf(state: State): 'ok' | 'warning' | 'failed' | 'running' | 'dim' {
  switch (state) {
    case 'ok':
    case 'warning':
    case 'failed':
    case 'running':
      return state
    case 'pending':
    case 'skipped':
    case 'unknown':
      return 'dim'
  }
}
