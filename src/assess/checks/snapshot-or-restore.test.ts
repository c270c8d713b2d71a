import { running, table } from '../testing/table.ts';
import { snapshotOrRestore } from './snapshot-or-restore.ts';

const status = (fields: object) => ({ vm: running({}, { change: ({ vm }) => Object.assign(vm.status!, fields) }) });

table(snapshotOrRestore, [
  [
    'a snapshot is being taken',
    status({ snapshotInProgress: 'before-update' }),
    [['warning', /snapshot before-update of it is being taken/]],
  ],
  ['a restore waits', status({ restoreInProgress: 'back' }), [['warning', /restore back waits for it/]]],
  ['neither', status({}), []],
]);
