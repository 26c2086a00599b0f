import { type Milliseconds, milliseconds } from './instant.ts'

/** How long what was killed may take to disappear; what the kernel does not let go of in that time is left to it. */
export const longestFarewell: Milliseconds = milliseconds(1_000)
