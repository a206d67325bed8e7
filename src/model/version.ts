/** Of the package; scripts/build.ts and a test hold it together with package.json. */
export const version = '0.1.0'
