/** A word of the code as the file and programs have it: `missedWindow` → `missed_window`. */
export function toSnakeCase(word: string): string {
  return word.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
