import type { KubeObject } from '../../model/objects.ts';
import { NAMESPACE, vm } from '../../model/testing/fixtures.ts';
import { domain, running, table } from '../testing/table.ts';
import { secondaryNetworks } from './secondary-networks.ts';

const nad = (name: string, namespace = NAMESPACE, annotations = {}): KubeObject => ({
  apiVersion: 'k8s.cni.cncf.io/v1',
  kind: 'NetworkAttachmentDefinition',
  metadata: { name, namespace, annotations },
});
const lan = (networkName: string, nic: object = { bridge: {} }) =>
  running({
    networks: [{ name: 'lan', multus: { networkName } }],
    domain: domain({ devices: { interfaces: [{ name: 'lan', ...nic }] } }),
  });

table(secondaryNetworks, [
  ['one that is there is fine', { objects: [...vm('web', lan('vlan10')), nad('vlan10')] }, []],
  [
    'one that is gone lets no pod start',
    { vm: lan('vlan10') },
    [['blocker', /NetworkAttachmentDefinition vms\/vlan10, which does not exist/, 'nothing']],
  ],
  [
    'another namespace is meant where it is named',
    { objects: [...vm('web', lan('nets/vlan10')), nad('vlan10')] },
    [['blocker', /nets\/vlan10/, 'nothing']],
  ],
  ['and may have it', { objects: [...vm('web', lan('nets/vlan10')), nad('vlan10', 'nets')] }, []],
  [
    'what was not read is not missed',
    { vm: lan('nets/vlan10'), change: (snapshot) => (snapshot.namespaces = [NAMESPACE]) },
    [],
  ],
  [
    'SR-IOV is unplugged meanwhile',
    {
      objects: [
        ...vm('web', lan('fast', { sriov: {} })),
        nad('fast', NAMESPACE, { 'k8s.v1.cni.cncf.io/resourceName': 'intel.com/vf' }),
      ],
    },
    [['info', /interface lan is an SR-IOV device: it is unplugged/]],
  ],
]);
