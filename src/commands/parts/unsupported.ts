/** What the grammar names and this version does not have yet: the command and why. */
export const unsupportedCommands: Readonly<Record<string, string>> = {
  replicate: 'the repository on this machine is the only destination yet',
  pull: 'the repository on this machine is the only destination yet',
  'keys rotate': 'a new key can be added (holdfast keys add) but an old one not yet be taken away',
  'keys export-recovery-kit': 'the recovery kit is not built yet; keep the key file and holdfast export elsewhere',
}

export const because = {
  tenants: 'backups per tenant are not built yet',
  sample: 'every level reads all it covers as yet',
} as const
