import { domain, refused, running, table } from '../testing/table.ts';
import { tscFrequency } from './tsc-frequency.ts';

const windows = (reenlightenment: object) => ({ domain: domain({ features: { hyperv: { reenlightenment } } }) });
const no = refused('NoTSCFrequencyNotLiveMigratable');

table(tscFrequency, [
  [
    're-enlightenment without a frequency keeps the VM',
    { vm: running(windows({}), no) },
    [['blocker', /no frequency of the processor's clock \(TSC\) is known/, 'cold']],
  ],
  [
    'with one it may go',
    {
      vm: running(windows({}), {
        change: ({ vmi }) => Object.assign(vmi.status!, { topologyHints: { tscFrequency: 2_100_000_000 } }),
      }),
    },
    [],
  ],
  ['switched off, it asks for nothing', { vm: running(windows({ enabled: false })) }, []],
]);
