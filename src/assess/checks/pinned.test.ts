import { running, table } from '../testing/table.ts';
import { pinned } from './pinned.ts';

const HOST = 'kubernetes.io/hostname';
const to = (name: string) => ({ nodeSelector: { [HOST]: name } });
const written = (selector: Record<string, string> | undefined) => ({
  change: ({ vm }: { vm: { spec: { template: { spec?: object } } } }) => {
    vm.spec.template.spec = { ...vm.spec.template.spec, nodeSelector: selector };
  },
});

table(pinned, [
  [
    'by name to its own node: it stays',
    { vm: running(to('n1')) },
    [['blocker', /tied to its node n1 by name/, 'nothing']],
  ],
  ['by name to another: it goes there', { vm: running(to('n2')) }, [['warning', /asks for node n2 by name/]]],
  ['any other label leaves a choice', { vm: running({ nodeSelector: { disk: 'ssd' } }) }, []],
  [
    'a pin that was taken away but still holds',
    { vm: running(to('n1'), written(undefined)) },
    [
      ['blocker', /tied/, 'nothing'],
      ['warning', /not tied to a node by name any more, but the running instance still is/],
    ],
  ],
  [
    'a pin that has not arrived yet',
    { vm: running({}, written({ [HOST]: 'n3' })) },
    [['warning', /asks for node n3, but the running instance does not yet/]],
  ],
]);
