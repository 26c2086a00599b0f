import { parentPort, workerData } from 'node:worker_threads'
import { parseSettings } from './parse-settings.ts'

// The parser asks process.env for a debugging switch at every token, which takes a third of its time; in a thread of
// our own it may have an empty one.
process.env = {}

parentPort?.postMessage(parseSettings(workerData))
