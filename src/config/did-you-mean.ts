import { closest, distance } from 'fastest-levenshtein'

/** `; did you mean "timeout"?`, or nothing when no candidate is near. */
export function didYouMean(written: string, candidates: Iterable<string>): string {
  if (written.length > 100) return ''
  const near = closest(written.toLowerCase(), [...candidates])
  if (near === undefined || distance(written.toLowerCase(), near.toLowerCase()) > tolerated(written))
    return ''
  return `; did you mean ${near}?`
}

/** A slip of the finger in a short word, two or three in a long one. */
function tolerated(written: string): number {
  return Math.min(3, Math.max(1, Math.floor(written.length / 3)))
}
