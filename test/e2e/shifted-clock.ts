/**
 * Loaded into a process with --import: its clock runs SHIFTED_CLOCK_MS ahead of the machine's. Times of files are the
 * kernel's and stay as they are; so those made just now are old enough to be believed.
 */
const aheadMs = Number(process.env['SHIFTED_CLOCK_MS'] ?? 0)
const trueNow = Date.now
Date.now = () => trueNow() + aheadMs
