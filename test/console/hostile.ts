import type { CatalogEntry } from '../../src/model/backup.ts'
import type { RunSummary } from '../../src/model/jobs.ts'
import { sampleBackups, sampleRuns } from './sample.ts'

/** Names that want to move the cursor, turn the text around, or be wider than they look. */
export const hostileNames: readonly string[] = [
  'a\nb',
  'esc\x1b[2J\x1b[1;1Hgone',
  'title\x1b]0;pwned\x07',
  'link\x1b]8;;http://evil.example\x1b\\text\x1b]8;;\x1b\\',
  'c1\x9b31mred',
  'back\x08\x08\rspace\ttab\0nul',
  'right\u202eot\u202dtfel\u2067\u2069',
  'zero\u200bwidth\u200djoin\ufeff',
  '日本語のとても長い名前のファイル',
  'emoji 👩‍👩‍👧‍👦 ⚠️ 🇩🇪 end',
  'combining a\u0301\u0302\u0303\u0304\u0305z',
  'عربي שלום mixed',
  '\u{e0001}tags\u{e0041}',
  'x'.repeat(500),
  '',
]

export function hostileBackups(): CatalogEntry[] {
  return sampleBackups(hostileNames.length).map((entry, at) => ({
    ...entry,
    services: [hostileNames[at]!],
    description: hostileNames[at]!,
    legalHold: hostileNames[at]!,
    pinned: true,
  }))
}

export function hostileRuns(): RunSummary[] {
  return sampleRuns(hostileNames.length).map((run, at) => ({
    ...run,
    about: hostileNames[at]!,
    host: hostileNames[at]!,
    error: { code: 'E_IO', message: `cannot read ${hostileNames[at]!}`, hint: hostileNames[at]! },
  }))
}
