import { node, vm } from '../../model/testing/fixtures.ts';
import { domain, running, table } from '../testing/table.ts';
import { realtimeAndNuma } from './realtime-and-numa.ts';

const realtime = running({ domain: domain({ cpu: { cores: 2, realtime: {} } }) });

table(realtimeAndNuma, [
  [
    'no other node is for real-time guests',
    { vm: realtime },
    [['blocker', /none has the label kubevirt\.io\/realtime/, 'nothing']],
  ],
  [
    'another is, and the guest will notice',
    {
      objects: [
        ...vm('web', realtime),
        node('n3', ({ metadata }) => Object.assign(metadata.labels!, { 'kubevirt.io/realtime': '' })),
      ],
    },
    [['info', /misses its deadlines/]],
  ],
  [
    'a NUMA layout may be another elsewhere',
    { vm: running({ domain: domain({ cpu: { cores: 2, numa: { guestMappingPassthrough: {} } } }) }) },
    [['info', /on a node with another layout its memory may be far/]],
  ],
  ['others do not care', { vm: running() }, []],
]);
