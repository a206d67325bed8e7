import { homedir, hostname, userInfo } from 'node:os'

/** Who works on which machine, and where `~` leads. */
export function whoIsHere(): { readonly user: string; readonly host: string; readonly home: string } {
  return { user: userName(), host: hostname(), home: homedir() }
}

/** A user id without an entry in /etc/passwd is common in containers. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}
