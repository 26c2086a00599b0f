import type { CellReport } from './cell.ts'

/** What a process sends to its worker, each as a line of JSON. */
export type FromProcess =
  | { readonly kind: 'report'; readonly report: CellReport }
  | { readonly kind: 'printed'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'printed'; readonly stream: 'stdout' | 'stderr'; readonly base64: string }
