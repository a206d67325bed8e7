/**
 * Where the cursor of a list is and what part of the list is seen. The cursor belongs to a row, not to a place: new rows
 * never move it to another. Pure.
 */
export interface Cursor {
  /** Of the row it is on; null where there is none yet. */
  readonly key: string | null
  readonly index: number
  /** The first row that is seen. */
  readonly top: number
}

/** A list as the cursor needs it: how long it is, and what its rows are called. */
export interface Rows {
  readonly count: number
  keyAt(index: number): string
}

export const atTop: Cursor = { key: null, index: 0, top: 0 }

/**
 * The same cursor in a list that may have changed. A row that is gone leaves it where it stood; where the list was seen
 * from its first row, it still is.
 */
export function settle(cursor: Cursor, rows: Rows, height: number): Cursor {
  if (rows.count === 0) return cursor.key === null ? atTop : { ...cursor, top: 0 }
  const found = cursor.key === null ? 0 : indexOfKey(rows, cursor.key, cursor.index)
  const index = found ?? Math.min(cursor.index, rows.count - 1)
  const shift = cursor.top === 0 ? 0 : index - cursor.index
  const top = clampTop(cursor.top + shift, index, rows.count, height)
  const key = rows.keyAt(index)
  return cursor.key === key && cursor.index === index && cursor.top === top ? cursor : { key, index, top }
}

/** The cursor on another row. At an edge the list moves by half a page, which a slow line thanks us for. */
export function moveTo(cursor: Cursor, wanted: number, rows: Rows, height: number): Cursor {
  if (rows.count === 0) return cursor
  const index = Math.max(0, Math.min(rows.count - 1, wanted))
  const half = Math.max(1, Math.floor(height / 2))
  let { top } = cursor
  if (index < top) top = index - (top - index > half ? 0 : half - 1)
  else if (index >= top + height) top = index - (index - top - height >= half ? height - 1 : height - half)
  return { key: rows.keyAt(index), index, top: clampTop(top, index, rows.count, height) }
}

function clampTop(top: number, index: number, count: number, height: number): number {
  const highest = Math.max(0, count - height)
  return Math.max(0, Math.min(highest, Math.max(index - height + 1, Math.min(top, index))))
}

/** Looks near `around` first: rows come and go one at a time. */
function indexOfKey(rows: Rows, key: string, around: number): number | null {
  const near = Math.min(around, rows.count - 1)
  for (let distance = 0; distance < rows.count; distance++) {
    const [after, before] = [near + distance, near - distance]
    if (after < rows.count && rows.keyAt(after) === key) return after
    if (before >= 0 && rows.keyAt(before) === key) return before
    if (after >= rows.count && before < 0) break
  }
  return null
}
