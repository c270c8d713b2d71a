import { running, table } from '../testing/table.ts';
import { backup } from './backup.ts';

const backedUp = (backupStatus: object) => ({
  kubevirt: 'v1.8.4',
  vm: running(
    {},
    { change: ({ vmi }) => Object.assign(vmi.status!, { changedBlockTracking: { state: 'Enabled', backupStatus } }) },
  ),
});

table(backup, [
  [
    'a migration waits for a backup',
    backedUp({ backupName: 'nightly', startTimestamp: '2026-01-02T03:00:00Z' }),
    [['warning', /backup nightly of it is under way/]],
  ],
  [
    'not for one that has ended',
    backedUp({ backupName: 'nightly', completed: true, endTimestamp: '2026-01-02T03:01:00Z' }),
    [],
  ],
  ['nor for one that failed', backedUp({ backupName: 'nightly', failed: true }), []],
]);
