import { node, vm } from '../../model/testing/fixtures.ts';
import { domain, running, table } from '../testing/table.ts';
import { fewNodes } from './few-nodes.ts';

const ssd = (name: string) => node(name, ({ metadata }) => Object.assign(metadata.labels!, { disk: 'ssd' }));
const wants = running({ nodeSelector: { disk: 'ssd' } });

table(fewNodes, [
  [
    'one other node is few',
    { objects: [...vm('web', wants), ssd('n1'), ssd('n2')] },
    [['warning', /of the 2 other nodes only n2 meets/]],
  ],
  ['two are enough', { objects: [...vm('web', wants), ssd('n1'), ssd('n2'), ssd('n3')] }, []],
  ['none is what another check says', { objects: [...vm('web', wants), ssd('n1')] }, []],
  [
    'a CPU that only one other node has, too',
    {
      objects: [
        ...vm('web', running({ domain: domain({ cpu: { cores: 1, features: [{ name: 'avx512f' }] } }) })),
        node('n3', ({ metadata }) =>
          Object.assign(metadata.labels!, { 'cpu-feature.node.kubevirt.io/avx512f': 'true' }),
        ),
      ],
    },
    [['warning', /only n3 meets/]],
  ],
  [
    'a cordoned node counts: it comes back',
    {
      objects: [...vm('web', running()), node('n2', (object) => Object.assign(object.spec!, { unschedulable: true }))],
    },
    [],
  ],
]);
