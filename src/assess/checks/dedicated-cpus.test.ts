import { node, vm } from '../../model/testing/fixtures.ts';
import { domain, running, table } from '../testing/table.ts';
import { dedicatedCpus } from './dedicated-cpus.ts';

const own = running({ domain: domain({ cpu: { cores: 2, dedicatedCpuPlacement: true } }) });
const manager = (label: string) => node('n2', ({ metadata }) => Object.assign(metadata.labels!, { [label]: 'true' }));

table(dedicatedCpus, [
  [
    'no other node gives CPUs out',
    { vm: own },
    [['blocker', /no other node gives those out: none has the label cpumanager=true/, 'nothing']],
  ],
  ['another does', { objects: [...vm('web', own), manager('cpumanager')] }, []],
  [
    'from 1.8 on the label is another',
    { objects: [...vm('web', own), manager('cpumanager')], kubevirt: 'v1.8.4' },
    [['blocker', /kubevirt\.io\/cpumanager=true/, 'nothing']],
  ],
  [
    '1.9 copies over one connection then',
    { objects: [...vm('web', own), manager('kubevirt.io/cpumanager')], kubevirt: 'v1.9.0' },
    [['info', /over one connection instead of 8/]],
  ],
  ['shared CPUs are not asked for', { vm: running(), kubevirt: 'v1.9.0' }, []],
]);
