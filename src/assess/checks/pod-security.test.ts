import type { KubeObject } from '../../model/objects.ts';
import { NAMESPACE, vm } from '../../model/testing/fixtures.ts';
import { running, table } from '../testing/table.ts';
import { podSecurity } from './pod-security.ts';

const enforces = (level: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': level } },
});
const root = (user: number) => running({}, { change: ({ vmi }) => Object.assign(vmi.status!, { runtimeUser: user }) });
const host = running({ volumes: [{ name: 'img', hostDisk: { path: '/data/disk.img', type: 'Disk', shared: true } }] });

table(podSecurity, [
  [
    'root is more than restricted allows',
    { objects: [...vm('web', root(0)), enforces('restricted')] },
    [['warning', /Pod Security restricted, and its pod needs more: it runs as root/]],
  ],
  [
    'a path of the node is more than baseline allows',
    { objects: [...vm('web', host), enforces('baseline')] },
    [['warning', /volume img is a path of the node/]],
  ],
  ['a plain VM fits', { objects: [...vm('web', root(107)), enforces('restricted')] }, []],
  ['privileged allows all', { objects: [...vm('web', root(0)), enforces('privileged')] }, []],
]);
