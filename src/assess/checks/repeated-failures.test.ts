import { migration, vm } from '../../model/testing/fixtures.ts';
import { running, table } from '../testing/table.ts';
import { repeatedFailures } from './repeated-failures.ts';

const ended = (number: number, phase: string, annotation?: string) =>
  migration(`m${number}`, 'web', phase, (object) => {
    object.metadata.creationTimestamp = `2026-01-02T03:0${number}:00Z`;
    if (annotation !== undefined) object.metadata.annotations = { [annotation]: 'n1' };
    object.status!.phaseTransitionTimestamps = [
      { phase, phaseTransitionTimestamp: `2026-01-02T03:0${number}:30Z` },
    ] as never;
  });
const web = vm('web', running());
const evacuation = 'kubevirt.io/evacuationMigration';

table(repeatedFailures, [
  [
    'two in a row',
    { objects: [...web, ended(1, 'Failed'), ended(2, 'Failed')] },
    [['warning', /^its last 2 migrations failed, one after the other$/]],
  ],
  ['one may be chance', { objects: [...web, ended(1, 'Failed')] }, []],
  ['a success ends the row', { objects: [...web, ended(1, 'Failed'), ended(2, 'Failed'), ended(3, 'Succeeded')] }, []],
  ['and starts it', { objects: [...web, ended(1, 'Failed'), ended(2, 'Succeeded'), ended(3, 'Failed')] }, []],
  [
    'of a drain: the pause doubles with each',
    // The Snapshot is of 03:04:05; the third failure at 03:03:30 is followed by 80 s.
    {
      objects: [...web, ended(1, 'Failed', evacuation), ended(2, 'Failed', evacuation), ended(3, 'Failed', evacuation)],
    },
    [['warning', /last 3 migrations failed.*tries again after 2026-01-02T03:04:50Z/]],
  ],
  [
    'all five that KubeVirt keeps',
    { objects: [...web, ...[0, 1, 2, 3, 4].map((number) => ended(number, 'Failed'))] },
    [['warning', /its last 5 or more migrations failed/]],
  ],
]);
