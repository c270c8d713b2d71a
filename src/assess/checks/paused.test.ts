import { running, setCondition, table } from '../testing/table.ts';
import { paused } from './paused.ts';

const by = (reason: string, status = 'True') => ({
  vm: running({}, { change: ({ vmi }) => setCondition(vmi, { type: 'Paused', status, reason }) }),
});

table(paused, [
  ['by a user', by('PausedByUser'), [['info', /paused \(PausedByUser\); it stays paused/]]],
  ['by an error of its disk', by('PausedIOError'), [['warning', /its disk gave an error/]]],
  [
    'by a migration that is over',
    by('PausedByMigrationMonitor'),
    [['warning', /is paused still, though none is under way/]],
  ],
  ['no more', by('PausedByUser', 'False'), []],
]);
