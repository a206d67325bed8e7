export const verifyLevels = ['scrub', 'quick', 'full', 'restore'] as const
export type VerifyLevel = (typeof verifyLevels)[number]

/** What each level of a verification proves, and what a clean result of it does not. */
export interface LevelMeaning {
  /** What is looked at, in a few words. */
  readonly reads: string
  readonly proves: string
  /** Null where it proves all there is to prove without going further. */
  readonly blindSpot: string | null
}

export const levelMeanings: Readonly<Record<VerifyLevel, LevelMeaning>> = {
  scrub: {
    reads: 'every stored byte, without a key',
    proves: 'the archives are byte for byte as they were written',
    blindSpot: 'compares with the manifest only: it opens nothing, and cannot tell an archive that was written wrong',
  },
  quick: {
    reads: 'headers, keys and tables of contents',
    proves: 'the key opens the archives and all they build on, and their contents can be listed',
    blindSpot: 'reads the ends of an archive only: it cannot see damage in the middle; a full verification can',
  },
  full: {
    reads: 'every byte, as a restore reads it',
    proves: 'every file can be decrypted and unpacked, and is what it was when it was backed up',
    blindSpot: null,
  },
  restore: {
    reads: 'a restore by the recovery script',
    proves: 'the recovery script alone brings every file back, with its owner, mode and times',
    blindSpot: null,
  },
}
