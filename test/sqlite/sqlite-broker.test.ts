import { brokerContract } from '../contracts/broker-contract.ts'
import { termContract } from '../contracts/term-contract.ts'
import { openSqliteWorld } from '../support/sqlite-world.ts'

brokerContract('SQLite', openSqliteWorld)
termContract('SQLite', openSqliteWorld)
