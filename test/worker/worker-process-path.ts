import { fileURLToPath } from 'node:url'

/** The program that is a worker until it is killed. */
export const workerProcess: string = fileURLToPath(new URL('worker-process.ts', import.meta.url))
