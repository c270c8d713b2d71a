import { domain, refused, running, table } from '../testing/table.ts';
import { confidentialComputing } from './confidential-computing.ts';

const secured = (launchSecurity: object, architecture = 'amd64') => ({
  architecture,
  domain: domain({ launchSecurity }),
});

table(confidentialComputing, [
  [
    'SEV',
    { vm: running(secured({ sev: {} }), refused('SEVNotLiveMigratable')) },
    [['blocker', /encrypted by the processor \(AMD SEV\)/, 'cold']],
  ],
  [
    'SEV-SNP',
    { vm: running(secured({ snp: {} }), refused('SEVNotLiveMigratable')) },
    [['blocker', /AMD SEV-SNP/, 'cold']],
  ],
  [
    'TDX',
    { vm: running(secured({ tdx: {} }), refused('TDXNotLiveMigratable')), kubevirt: 'v1.7.4' },
    [['blocker', /Intel TDX/, 'cold']],
  ],
  [
    'Secure Execution',
    { vm: running(secured({}, 's390x'), refused('SecureExecutionNotLiveMigratable')) },
    [['blocker', /IBM Secure Execution/, 'cold']],
  ],
  ['a guest without it', { vm: running() }, []],
]);
