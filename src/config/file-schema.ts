import { fileKeys } from './file-keys.ts'
import type { JsonSchema } from './kind.ts'
import { sectionSchema } from './section.ts'

/**
 * The configuration file as a JSON Schema (draft 2020-12), for editors that complete and explain. Whatever taskbeat
 * accepts, it accepts; it does not find everything that `check` finds.
 */
export function fileSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'schedules.yaml',
    description: 'What taskbeat runs, and when.',
    ...sectionSchema(fileKeys),
  }
}
