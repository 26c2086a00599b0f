import { type Blueprint, readable } from './database.ts'
import { printedTables } from './printed-table.ts'
import { resultTables } from './result-table.ts'

const letGo = `
  UPDATE messages SET state = 0 WHERE seq =
  (SELECT seq FROM messages WHERE state = 3 AND entry = OLD.entry ORDER BY due, seq LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM messages WHERE state = 1 AND entry = OLD.entry);`

/**
 * The embedded broker's tables.
 *
 * `messages.state`: 0 waits (for its ETA, or for a slot), 1 is handed out and executes, 2 is handed out with a veto and
 * will not execute, 3 is due and waits for the run of its entry that executes. `holder` is the instance that holds it.
 *
 *        ┌──────────────────────────┐ given back, retried
 *        ▼                          │
 *     0 waits ──claim──▶ 1 executes, 2 is vetoed ──settled──▶ removed
 *        │  ▲
 *   claim│  │the run of its entry has ended, and it is the first of those behind it (by due)
 *        ▼  │
 *     3 behind
 *
 * What is behind is out of the index that claims read: claiming costs the same however many wait so. It is let go by
 * triggers, so that no way in which a run can end forgets it.
 *
 * `begun`: this attempt was handed out to execute and was interrupted, by a stop or by the death of its worker, or
 * another run of its entry was skipped because of it. Its successor's due bounds it no more, and when it is handed out
 * again it stands for its entry. The journal knows better what really started, but who executes is decided here: where
 * the two disagreed, a run would go on beside its successor, or neither would run.
 *
 * `cancelled`: its sender wants it no more. What waits is handed out with a veto, so that a worker records it; what
 * executes is told to end.
 *
 * `followed`: its sender is told what it prints, by the rows of `printed`, which he removes when he has read them.
 *
 * `acknowledged`: it executes and must not run again, so that it goes with its holder instead of being given back.
 * The columns beside `body` repeat what is searched for; `attempt` and `eta` are the truth where the body differs.
 */
export const brokerBlueprint: Blueprint = {
  title: "the broker's database",
  applicationId: 0x54_42_62_72, // "TBbr"
  version: 7,
  failure: 'BROKER_UNAVAILABLE',
  tables: `
    CREATE TABLE messages (
      seq INTEGER PRIMARY KEY ${readable('seq')},
      id TEXT NOT NULL UNIQUE,
      queue TEXT NOT NULL,
      priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 9),
      eta INTEGER NOT NULL ${readable('eta')},
      attempt INTEGER NOT NULL ${readable('attempt')},
      entry TEXT,
      due INTEGER ${readable('due')},
      overlap TEXT,
      wait_limit INTEGER ${readable('wait_limit')},
      state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 3),
      begun INTEGER NOT NULL DEFAULT 0,
      acknowledged INTEGER NOT NULL DEFAULT 0,
      cancelled INTEGER NOT NULL DEFAULT 0,
      followed INTEGER NOT NULL DEFAULT 0,
      holder TEXT,
      body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX messages_waiting ON messages (queue, priority, eta, seq) WHERE state = 0;
    CREATE INDEX messages_held ON messages (holder, state) WHERE holder IS NOT NULL;
    CREATE INDEX messages_executing ON messages (entry) WHERE state = 1 AND entry IS NOT NULL;
    CREATE INDEX messages_of_entry ON messages (entry, due) WHERE state = 0 AND entry IS NOT NULL;
    CREATE INDEX messages_behind ON messages (entry, due) WHERE state = 3;
    CREATE INDEX messages_cancelled ON messages (state, holder) WHERE cancelled = 1;
    CREATE TRIGGER messages_removed AFTER DELETE ON messages
    WHEN OLD.entry IS NOT NULL AND OLD.state <> 3 BEGIN ${letGo} END;
    CREATE TRIGGER messages_given_back AFTER UPDATE OF state ON messages
    WHEN OLD.entry IS NOT NULL AND OLD.state = 1 AND NEW.state <> 1 BEGIN ${letGo} END;

    CREATE TABLE dead_letters (
      seq INTEGER PRIMARY KEY ${readable('seq')},
      id TEXT NOT NULL UNIQUE,
      queue TEXT NOT NULL,
      at INTEGER NOT NULL ${readable('at')},
      reason TEXT NOT NULL,
      body TEXT NOT NULL
    ) STRICT;

${resultTables}
${printedTables}
    CREATE TABLE groups (
      name TEXT PRIMARY KEY,
      namespace TEXT NOT NULL,
      epoch INTEGER NOT NULL ${readable('epoch')},
      seq INTEGER NOT NULL ${readable('seq')},
      cursor_due INTEGER ${readable('cursor_due')},
      cursor_entry TEXT,
      holder TEXT,
      host TEXT NOT NULL,
      pid INTEGER NOT NULL ${readable('pid')},
      since INTEGER NOT NULL ${readable('since')},
      schedule_hash TEXT NOT NULL,
      known_since INTEGER ${readable('known_since')}
    ) STRICT;

    CREATE TABLE workers (
      instance TEXT PRIMARY KEY,
      host TEXT NOT NULL,
      pid INTEGER NOT NULL ${readable('pid')},
      since INTEGER NOT NULL ${readable('since')},
      queues TEXT NOT NULL,
      slots INTEGER NOT NULL ${readable('slots')}
    ) STRICT;
  `,
}
