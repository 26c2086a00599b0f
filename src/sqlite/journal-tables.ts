import { type Blueprint, readable } from './database.ts'

/**
 * The journal's tables. `attempts.state`: 0 runs, 1 has finished (settle it with `verdict`, never run it again),
 * 2 was given back and may be claimed again. `forget_at`: until then a copy of the message may still arrive.
 * `result`: what its sender may ask for until `result_until`. `earlier`: the starts
 * of this attempt before the last one, as JSON. `untold`: somebody has to send word of its end.
 */
export const journalBlueprint: Blueprint = {
  title: 'the journal',
  applicationId: 0x54_42_6a_6f, // "TBjo"
  version: 6,
  failure: 'STATE_UNUSABLE',
  tables: `
    CREATE TABLE attempts (
      seq INTEGER PRIMARY KEY ${readable('seq')},
      id TEXT NOT NULL,
      attempt INTEGER NOT NULL ${readable('attempt')},
      state INTEGER NOT NULL ${readable('state')},
      entry TEXT,
      task TEXT NOT NULL,
      queue TEXT NOT NULL,
      due INTEGER ${readable('due')},
      started INTEGER ${readable('started')},
      finished INTEGER ${readable('finished')},
      outcome TEXT,
      reason TEXT,
      exit_code INTEGER ${readable('exit_code')},
      verdict TEXT,
      interruptions INTEGER NOT NULL DEFAULT 0 ${readable('interruptions')},
      earlier TEXT,
      instance TEXT NOT NULL,
      host TEXT NOT NULL,
      pid INTEGER NOT NULL ${readable('pid')},
      head TEXT,
      tail TEXT,
      omitted INTEGER ${readable('omitted')},
      forget_at INTEGER ${readable('forget_at')},
      untold INTEGER NOT NULL DEFAULT 0,
      result TEXT,
      result_until INTEGER ${readable('result_until')},
      UNIQUE (id, attempt)
    ) STRICT;
    CREATE INDEX attempts_of_entry ON attempts (entry, seq) WHERE entry IS NOT NULL;
    CREATE INDEX attempts_of_task ON attempts (task, seq);
    CREATE INDEX attempts_untold ON attempts (instance, state, task, seq) WHERE untold = 1;
    CREATE INDEX attempts_with_result ON attempts (result_until) WHERE result IS NOT NULL;

    CREATE TABLE missed (
      seq INTEGER PRIMARY KEY ${readable('seq')},
      entry TEXT NOT NULL,
      task TEXT NOT NULL,
      first INTEGER NOT NULL ${readable('first')},
      last INTEGER NOT NULL ${readable('last')},
      count INTEGER NOT NULL ${readable('count')},
      exact INTEGER NOT NULL ${readable('exact')},
      reason TEXT NOT NULL,
      recorded INTEGER NOT NULL ${readable('recorded')},
      UNIQUE (entry, first, reason)
    ) STRICT;
    CREATE INDEX missed_recorded ON missed (recorded);

    CREATE TABLE entries (
      schedule_group TEXT NOT NULL,
      name TEXT NOT NULL,
      hash TEXT NOT NULL,
      since INTEGER NOT NULL ${readable('since')},
      definition TEXT NOT NULL,
      PRIMARY KEY (schedule_group, name)
    ) STRICT, WITHOUT ROWID;
  `,
}
