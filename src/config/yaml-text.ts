import { parseInChunks } from './yaml-chunks.ts'
import { parseDocument } from './yaml-document.ts'
import type { YamlNode } from './yaml-node.ts'
import type { Refusal } from './yaml-refusal.ts'

/** How a text is parsed whose offsets are to begin at `shift`. */
export type ParseText = (text: string, shift: number) => YamlNode | undefined | readonly Refusal[]

/** Where parsing in pieces begins to pay. */
const chunksFrom = 262_144

/**
 * Parses a large text in pieces. Throws NotInChunksError, at once or while what it gave is walked, where that cannot be
 * done or something is wrong; then `parseDocument` has the say.
 */
export const parseText: ParseText = (text, shift) =>
  text.length < chunksFrom ? parseDocument(text, shift) : parseInChunks(text, shift)
