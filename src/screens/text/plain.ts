import { type BytePath, displayPath, printable } from '../../model/path.ts'

/** Marks that terminals and tables measure differently, or that change what stands beside them. */
const unsteady = /\p{Cf}|\p{Zl}|\p{Zp}|\p{Co}|\p{Cn}|\p{Cs}|\p{Variation_Selector}/gu

/** Text from anywhere, made safe for one line of a screen: nothing moves the cursor, hides or turns the text around. */
export function plainText(text: string): string {
  return escapeUnsteady(printable(text))
}

/** A message of the engine: names in it are escaped already, so their backslashes stay single. */
export function plainMessage(text: string): string {
  return text.split('\\').map(plainText).join('\\')
}

export function plainPath(path: BytePath): string {
  return escapeUnsteady(displayPath(path))
}

function escapeUnsteady(text: string): string {
  return text.replace(unsteady, (char) => `\\u${char.codePointAt(0)!.toString(16).padStart(4, '0')}`)
}
