import type { KubeObject } from '../../model/objects.ts';
import { kubeVirt, NAMESPACE, vm } from '../../model/testing/fixtures.ts';
import { running, table } from '../testing/table.ts';
import { podSecurity } from './pod-security.ts';

const enforces = (level: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': level } },
});
const as = (user: number) => running({}, { change: ({ vmi }) => Object.assign(vmi.status!, { runtimeUser: user }) });
const rootGate = () => {
  const object = kubeVirt();
  object.spec!.configuration = { developerConfiguration: { featureGates: ['Root'] } };
  return object;
};
const host = running({ volumes: [{ name: 'img', hostDisk: { path: '/data/disk.img', type: 'Disk', shared: true } }] });

table(podSecurity, [
  [
    'root is more than restricted allows',
    { objects: [...vm('web', as(0)), enforces('restricted'), rootGate()] },
    [['blocker', /Pod Security restricted, and its pod needs more: VMs of this cluster run as root/, 'nothing']],
  ],
  [
    'a path of the node is more than baseline allows',
    { objects: [...vm('web', host), enforces('baseline')] },
    [['blocker', /volume img is a path of the node/, 'nothing']],
  ],
  ['a plain VM fits', { objects: [...vm('web', as(107)), enforces('restricted')] }, []],
  ['one that was started as root moves as qemu', { objects: [...vm('web', as(0)), enforces('restricted')] }, []],
  ['privileged allows all', { objects: [...vm('web', as(0)), enforces('privileged'), rootGate()] }, []],
]);
