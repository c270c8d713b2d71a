import type { KubeObject } from '../../model/objects.ts';
import { NAMESPACE, vm } from '../../model/testing/fixtures.ts';
import { domain, running, table } from '../testing/table.ts';
import { macAddress } from './mac-address.ts';

const nad = (config: object): KubeObject =>
  ({
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'lan', namespace: NAMESPACE },
    spec: { config: JSON.stringify(config) },
  }) as KubeObject;
const lan = (nic: object) =>
  running({
    networks: [{ name: 'lan', multus: { networkName: 'lan' } }],
    domain: domain({ devices: { interfaces: [{ name: 'lan', ...nic }] } }),
  });
const pod = (nic: object) =>
  running({
    networks: [{ name: 'default', pod: {} }],
    domain: domain({ devices: { interfaces: [{ name: 'default', ...nic }] } }),
  });
const lost: [['warning', RegExp]] = [
  ['warning', /if the guest reboots after the migration, it gets no address any more/],
];

table(macAddress, [
  [
    'a bridge on the pod network loses its address with a reboot',
    { vm: pod({ bridge: {} }), kubevirt: 'v1.8.4' },
    lost,
  ],
  [
    'so does one on a network that gives out addresses',
    { objects: [...vm('web', lan({ bridge: {} })), nad({ type: 'bridge', ipam: { type: 'whereabouts' } })] },
    lost,
  ],
  [
    'a network without addresses leaves DHCP to others',
    { objects: [...vm('web', lan({ bridge: {} })), nad({ type: 'bridge', ipam: {} })] },
    [],
  ],
  ['a MAC address in the VM stays', { vm: pod({ bridge: {}, macAddress: '02:00:00:00:00:01' }) }, []],
  ['1.9 keeps the address', { vm: pod({ bridge: {} }), kubevirt: 'v1.9.0' }, []],
  ['masquerade hides it all', { vm: pod({ masquerade: {} }) }, []],
]);
