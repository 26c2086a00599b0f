import { brokerContract } from '../contracts/broker-contract.ts'
import { overlapContract } from '../contracts/overlap-contract.ts'
import { termContract } from '../contracts/term-contract.ts'
import { openSqliteWorld } from '../support/sqlite-world.ts'

brokerContract('SQLite', openSqliteWorld)
overlapContract('SQLite', openSqliteWorld)
termContract('SQLite', openSqliteWorld)
