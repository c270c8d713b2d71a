import { migration, node, vm } from '../../model/testing/fixtures.ts';
import { refused, running, table } from '../testing/table.ts';
import { stuckEvacuation } from './stuck-evacuation.ts';

const marked = (from: string, more: object = {}) =>
  running(
    {},
    {
      ...more,
      change: (objects) => {
        (more as { change?: (of: typeof objects) => void }).change?.(objects);
        objects.vmi.status!.evacuationNodeName = from;
      },
    },
  );
const drained = node('n1', (object) => Object.assign(object.spec!, { unschedulable: true }));

table(stuckEvacuation, [
  ['from a node it has left', { vm: marked('n3') }, [['warning', /to be evacuated from n3, but it is on n1/]]],
  [
    'from a node that nobody drains any more',
    { vm: marked('n1') },
    [['warning', /that node is not cordoned and no migration is under way/]],
  ],
  ['from a node that is being drained it goes soon', { objects: [...vm('web', marked('n1')), drained] }, []],
  [
    'but not if it cannot migrate',
    { objects: [...vm('web', marked('n1', refused('SEVNotLiveMigratable'))), drained] },
    [['warning', /KubeVirt can't migrate it: the drain waits for ever/]],
  ],
  [
    'while it migrates, the mark is right',
    { objects: [...vm('web', marked('n1')), migration('m', 'web', 'Running')] },
    [],
  ],
  ['without a mark there is nothing', { vm: running() }, []],
]);
