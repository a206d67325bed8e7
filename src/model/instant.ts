/** An instant is a number: milliseconds since 1970-01-01T00:00Z, without leap seconds. Documents hold it as ISO 8601 UTC. */

/** NaN for text that is no time. */
export function instantOf(iso: string): number {
  return Date.parse(iso)
}

export function isoOf(instant: number): string {
  return new Date(instant).toISOString()
}
