import { expect, test } from 'vitest'
import { runAs } from '../../src/worker/executors/run-as.ts'

const root = { isRoot: true, name: 'root' }
const service = { ...root, defaultUser: 'taskbeat' }
const ann = { isRoot: false, name: 'ann' }

test.each([
  ['root runs what says no user as root', undefined, root, { kind: 'own' }],
  ['root runs as another what says so', 'bob', root, { kind: 'other', user: 'bob' }],
  ['root runs as root what says so', 'root', root, { kind: 'own' }],
  [
    'a service of root runs what says no user as the one it was told',
    undefined,
    service,
    { kind: 'other', user: 'taskbeat' },
  ],
  ['a service of root runs as another what says so', 'bob', service, { kind: 'other', user: 'bob' }],
  ['a service of root runs as root what says so', 'root', service, { kind: 'own' }],
  ['another worker runs what says no user as itself', undefined, ann, { kind: 'own' }],
  ['another worker is not told a user', undefined, { ...ann, defaultUser: 'taskbeat' }, { kind: 'own' }],
  ['another worker runs as itself what says so', 'ann', ann, { kind: 'own' }],
  [
    'another worker refuses what is to run as somebody else',
    'bob',
    ann,
    {
      kind: 'refused',
      reason:
        'it is to run as bob, and this worker runs as ann: only one that runs as root can change the user',
    },
  ],
])('%s', (_, user, identity, expected) => {
  expect(runAs(user, identity)).toEqual(expected)
})
