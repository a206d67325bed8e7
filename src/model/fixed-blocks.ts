/** Which large files are cut on a grid of blocks, for they are written to in place: disk images and databases. */
export interface FixedBlocks {
  /** gitignore patterns as text, anchored at the file system's root. */
  readonly patterns: readonly string[]
  readonly blockBytes: number
}

export const fixedBlockDefaults: FixedBlocks = {
  patterns: [
    '*.img',
    '*.raw',
    '*.qcow2',
    '*.vdi',
    '*.vhd',
    '*.vhdx',
    '*.vmdk',
    '*.ibd',
    'ibdata[0-9]*',
    '*.mdf',
    '*.ndf',
    '*.sqlite',
    '*.sqlite3',
    // tables and indexes of PostgreSQL: base/<database>/<relation>
    '**/base/[0-9]*/[0-9]*',
  ],
  blockBytes: 256 * 1024,
}
