/** How the rows of the plan's screen are shared out. Pure. */
export interface PlanLayout {
  /** From and into: five rows of boxes, two lines, or one. */
  readonly fromInto: 5 | 2 | 1
  readonly counts: 3 | 1
  /** Of the table: its rule, its titles where it has any, and its rows. */
  readonly table: number
  readonly hasTitles: boolean
  /** Rules above the preview and above the impact. */
  readonly rules: 0 | 1 | 2
  readonly preview: 2
  readonly impact: number
}

const boxColumns = 90

/** @param rows all below the stepper, 13 at least. */
export function planLayout(columns: number, rows: number): PlanLayout {
  const [fromInto, counts, rules, impact] =
    rows >= 25 && columns >= boxColumns
      ? ([5, 3, 2, rows >= 45 ? 8 : 4] as const)
      : rows >= 18
        ? ([2, 3, 1, 4] as const)
        : ([1, 1, 0, 2] as const)
  // One more is the rule that begins the plan.
  const table = rows - fromInto - 1 - counts - rules - 2 - impact
  return { fromInto, counts, rules, preview: 2, impact, table, hasTitles: rows >= 18 }
}
