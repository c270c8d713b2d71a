import { running, table } from '../testing/table.ts';
import { memoryDump } from './memory-dump.ts';

const dump = (phase: string) => ({
  vm: running(
    {},
    { change: ({ vm }) => Object.assign(vm.status!, { memoryDumpRequest: { claimName: 'dump', phase } }) },
  ),
});

table(memoryDump, [
  [
    'one that is being written is in the way',
    dump('InProgress'),
    [['warning', /memory is being dumped to claim dump \(InProgress\)/]],
  ],
  ['one that is written is not', dump('Completed'), []],
  ['nor one that failed', dump('Failed'), []],
]);
