import { node, vm } from '../../model/testing/fixtures.ts';
import { domain, running, table } from '../testing/table.ts';
import { hugepages } from './hugepages.ts';

const huge = running({ domain: domain({ memory: { guest: '4Gi', hugepages: { pageSize: '1Gi' } } }) });
const has = (name: string, amount: string, size = '1Gi') =>
  node(name, (object) => Object.assign(object.status!.allocatable!, { [`hugepages-${size}`]: amount }));

table(hugepages, [
  [
    'no other node has any',
    { vm: huge },
    [['blocker', /huge pages of 1Gi; it needs 4 GiB of them, and no other node has any/, 'nothing']],
  ],
  [
    'too few are none',
    { objects: [...vm('web', huge), has('n2', '2Gi'), has('n1', '8Gi')] },
    [['blocker', /no other node has more than 2Gi in all \(n2\)/, 'nothing']],
  ],
  [
    'those of another size do not count',
    { objects: [...vm('web', huge), has('n2', '8Gi', '2Mi')] },
    [['blocker', /no other node has any/, 'nothing']],
  ],
  ['enough are enough', { objects: [...vm('web', huge), has('n3', '4Gi')] }, []],
]);
