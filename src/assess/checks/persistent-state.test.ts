import { claim, vm } from '../../model/testing/fixtures.ts';
import { domain, refused, running, table } from '../testing/table.ts';
import { persistentState } from './persistent-state.ts';

const no = refused('DisksNotLiveMigratable', 'cannot migrate VMI: Backend storage PVC is not RWX');
const tpm = { domain: domain({ devices: { tpm: { persistent: true } } }) };
const efi = { domain: domain({ firmware: { bootloader: { efi: { persistent: true } } } }) };
const state = (mode: string) => claim('persistent-state-for-web', { accessModes: [mode] });

table(persistentState, [
  [
    '1.3 wants the TPM on a shared claim',
    { objects: [...vm('web', running(tpm, no)), state('ReadWriteOnce')], kubevirt: 'v1.3.1' },
    [['blocker', /state of its TPM is on claim persistent-state-for-web.*ReadWriteOnce/, 'cold']],
  ],
  [
    'and the UEFI variables',
    { objects: [...vm('web', running(efi, no)), state('ReadWriteOnce')], kubevirt: 'v1.3.1' },
    [['blocker', /state of its UEFI/, 'cold']],
  ],
  ['which may be one', { objects: [...vm('web', running(tpm)), state('ReadWriteMany')], kubevirt: 'v1.3.1' }, []],
  [
    '1.4 makes a new claim for the target',
    { objects: [...vm('web', running(tpm)), state('ReadWriteOnce')], kubevirt: 'v1.4.1' },
    [],
  ],
  [
    'a TPM that forgets needs none',
    { vm: running({ domain: domain({ devices: { tpm: {} } }) }), kubevirt: 'v1.3.1' },
    [],
  ],
]);
