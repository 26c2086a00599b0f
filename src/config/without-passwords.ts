/**
 * A password is not for the log, however its URL is miswritten: an amqp URL goes to the end, whatever stands in it, any
 * other text of the form `…:…@` to the next space, and what is between the colon behind the user and the last @ is
 * masked. The length stays, so that a caret does.
 */
export function withoutPasswords(text: string): string {
  return text.includes('@') ? text.replaceAll(mayBeUrl, masked) : text
}

const mayBeUrl = /amqps?[:/].*|(?:(?!amqps?[:/])\S)+/gis
/** `user:`, `scheme://user:`, and what is left of the latter after a slip; not the colon of a scheme without a password. */
const beforePassword = /^[^:]*:(?:\/{1,3}[^:]*:|(?!\/\/))/

function masked(url: string): string {
  const end = url.lastIndexOf('@')
  const before = end > 0 && beforePassword.exec(url.slice(0, end))?.[0]
  return before ? before.padEnd(end, '*') + url.slice(end) : url
}
