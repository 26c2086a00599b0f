import { defineTask, Permanent } from 'taskbeat'

/** What a request must not do itself: it takes seconds of a processor. */
export const countPrimes = defineTask(
  'count-primes',
  (ctx, below: number) => {
    if (!Number.isInteger(below) || below > 50_000_000) throw new Permanent(`cannot count below ${below}`)
    const isComposite = new Uint8Array(below)
    let primes = 0
    for (let number = 2; number < below; number++) {
      if (isComposite[number]) continue
      primes++
      for (let multiple = number * number; multiple < below; multiple += number) isComposite[multiple] = 1
    }
    ctx.log.info(`${primes} primes below ${below}`)
    return primes
  },
  { timeout: '1m' },
)
