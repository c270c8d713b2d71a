import { kubeVirt, vm } from '../../model/testing/fixtures.ts';
import { domain, refused, running, table } from '../testing/table.ts';
import { ALLOW_BRIDGE, podNetwork } from './pod-network.ts';

const nic = (binding: object) => ({
  networks: [{ name: 'default', pod: {} }],
  domain: domain({ devices: { interfaces: [{ name: 'default', ...binding }] } }),
});
const no = refused('InterfaceNotLiveMigratable', 'cannot migrate VMI which does not use masquerade');
const plugin = (binding: object) => {
  const object = kubeVirt();
  object.spec!.configuration!.network = { binding: { l2bridge: binding } } as never;
  return object;
};

table(podNetwork, [
  ['masquerade can migrate', { vm: running(nic({ masquerade: {} })) }, []],
  [
    'a bridge cannot',
    { vm: running(nic({ bridge: {} }), no) },
    [['blocker', /on the pod network with a bridge/, 'cold']],
  ],
  [
    'unless an annotation says so, which has its price',
    {
      vm: running(nic({ bridge: {} }), {
        change: ({ vmi }) => Object.assign(vmi.metadata, { annotations: { [ALLOW_BRIDGE]: '' } }),
      }),
    },
    [['warning', /its address changes with the node unless the network keeps it/]],
  ],
  [
    'a bridge on another network is none of this',
    {
      vm: running({
        networks: [{ name: 'lan', multus: { networkName: 'lan' } }],
        domain: domain({ devices: { interfaces: [{ name: 'lan', bridge: {} }] } }),
      }),
    },
    [],
  ],
  [
    'a plug-in nobody knows cannot',
    { vm: running(nic({ binding: { name: 'l2bridge' } }), no) },
    [['blocker', /plug-in l2bridge, which KubeVirt does not know/, 'cold']],
  ],
  [
    'nor one that is not said to',
    { objects: [...vm('web', running(nic({ binding: { name: 'l2bridge' } }), no)), plugin({})] },
    [['blocker', /not registered as able to migrate/, 'cold']],
  ],
  [
    'one that is said to can',
    { objects: [...vm('web', running(nic({ binding: { name: 'l2bridge' } }), no)), plugin({ migration: {} })] },
    [],
  ],
  [
    'SR-IOV as the pod network cannot',
    { vm: running(nic({ sriov: {} }), no) },
    [['blocker', /with sriov that KubeVirt does not migrate/, 'cold']],
  ],
  ['the passt of 1.8 can', { vm: running(nic({ passtBinding: {} }), no), kubevirt: 'v1.8.4' }, []],
]);
