import { handlerPod, kubeVirt, node, vm } from '../../model/testing/fixtures.ts';
import { domain, refused, running, table } from '../testing/table.ts';
import { hostDevices } from './host-devices.ts';

const gpus = (count: number) => ({
  domain: domain({
    devices: {
      gpus: Array.from({ length: count }, (_, index) => ({ name: `g${index}`, deviceName: 'nvidia.com/A10' })),
    },
  }),
});
const card = { domain: domain({ devices: { hostDevices: [{ name: 'card', deviceName: 'acme.com/card' }] } }) };
const no = refused('HostDeviceNotLiveMigratable');
const configured = (...featureGates: string[]) => {
  const object = kubeVirt();
  object.spec!.configuration = {
    developerConfiguration: { featureGates },
    permittedHostDevices: { mediatedDevices: [{ mdevNameSelector: 'A10', resourceName: 'nvidia.com/A10' }] },
  };
  return object;
};
const other = [
  node('gpu', (object) => Object.assign(object.status!.allocatable!, { 'nvidia.com/A10': '1' })),
  handlerPod('gpu'),
];

table(hostDevices, [
  [
    'a device that no other node has holds the VM',
    { vm: running(card, no) },
    [['blocker', /acme\.com\/card \(card\), which no other node offers/, 'nothing']],
  ],
  [
    'one that another node has lets it restart there',
    { objects: [...vm('web', running(gpus(1), no)), ...other] },
    [['blocker', /1 other node offers one/, 'cold']],
  ],
  [
    'a vGPU needs the gate of 1.9',
    { objects: [...vm('web', running(gpus(1), no)), ...other, configured()], kubevirt: 'v1.9.0' },
    [['blocker', /A10/, 'cold']],
  ],
  [
    'with it, it can migrate',
    { objects: [...vm('web', { spec: gpus(1) }), ...other, configured('VGPULiveMigration')], kubevirt: 'v1.9.0' },
    [],
  ],
  [
    'two cannot',
    { objects: [...vm('web', running(gpus(2), no)), ...other, configured('VGPULiveMigration')], kubevirt: 'v1.9.0' },
    [
      ['blocker', /g0/, 'cold'],
      ['blocker', /g1/, 'cold'],
    ],
  ],
  [
    'before 1.9 the gate means nothing',
    { objects: [...vm('web', running(gpus(1), no)), ...other, configured('VGPULiveMigration')], kubevirt: 'v1.8.4' },
    [['blocker', /A10/, 'cold']],
  ],
  ['where KubeVirt says yes, it is yes', { vm: running(gpus(1)), kubevirt: 'v1.9.0' }, []],
]);
