/** The largest piece in which output travels. */
const piece = 65_536

type Written = (error?: Error | null) => void

/**
 * What the code in this thread or process prints goes to `print` from now on, in pieces and in order, instead of
 * into a buffer of the stream's, which a loop that prints without end would fill with all the memory there is.
 * Whoever prints waits for as long as `print` takes.
 */
export function captureOutput(
  print: (stream: 'stdout' | 'stderr', chunk: string | Uint8Array) => void,
): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = (
      chunk: string | Uint8Array,
      encoding?: BufferEncoding | Written,
      written?: Written,
    ): boolean => {
      if (typeof chunk === 'string' && chunk.length <= piece && typeof encoding !== 'string') {
        print(stream, chunk)
      } else {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(encoding)) : chunk
        for (let at = 0; at < bytes.length; at += piece)
          print(stream, Uint8Array.prototype.slice.call(bytes, at, at + piece))
      }
      const done = typeof encoding === 'function' ? encoding : written
      if (done) process.nextTick(done)
      return true
    }
  }
}

function encodingOf(encoding: BufferEncoding | Written | undefined): BufferEncoding {
  return typeof encoding === 'string' ? encoding : 'utf8'
}
