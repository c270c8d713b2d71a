import { domain, refused, running, table } from '../testing/table.ts';
import { hypervPassthrough } from './hyperv-passthrough.ts';

const passed = (enabled: boolean) => ({ domain: domain({ features: { hypervPassthrough: { enabled } } }) });

table(hypervPassthrough, [
  [
    'all features of the node are too many',
    { vm: running(passed(true), refused('HypervPassthroughNotLiveMigratable')) },
    [['blocker', /all Hyper-V features of its node/, 'cold']],
  ],
  ['switched off, it shows none', { vm: running(passed(false)) }, []],
]);
