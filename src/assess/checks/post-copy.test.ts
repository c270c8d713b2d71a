import type { KubeObject } from '../../model/objects.ts';
import { kubeVirt, vm } from '../../model/testing/fixtures.ts';
import { running, table } from '../testing/table.ts';
import { postCopy } from './post-copy.ts';

const policy = (spec: object, labels: object = { tier: 'db' }): KubeObject =>
  ({
    apiVersion: 'migrations.kubevirt.io/v1alpha1',
    kind: 'MigrationPolicy',
    metadata: { name: 'p' },
    spec: { selectors: { virtualMachineInstanceSelector: labels }, ...spec },
  }) as KubeObject;
const db = vm('web', running({}, { labels: { tier: 'db' } }));

table(postCopy, [
  ['not allowed: it can always be taken back', { vm: running() }, []],
  [
    'allowed in the cluster',
    { objects: [...vm('web', running()), kubeVirt({ allowPostCopy: true })] },
    [['info', /the VM is lost and has to be started anew/]],
  ],
  [
    'allowed by a policy for it',
    { objects: [...db, policy({ allowPostCopy: true })] },
    [['info', /allowed by MigrationPolicy p:/]],
  ],
  ['by one for others', { objects: [...db, policy({ allowPostCopy: true }, { tier: 'web' })] }, []],
  [
    'a policy takes it back',
    { objects: [...db, kubeVirt({ allowPostCopy: true }), policy({ allowPostCopy: false })] },
    [],
  ],
  [
    'allowed, but no disruption: never (1.9)',
    {
      objects: [...vm('web', running()), kubeVirt({ allowPostCopy: true, allowWorkloadDisruption: false })],
      kubevirt: 'v1.9.0',
    },
    [['warning', /never happens, since allowWorkloadDisruption is false/]],
  ],
  [
    '1.4 knows no such field',
    {
      objects: [...vm('web', running()), kubeVirt({ allowPostCopy: true, allowWorkloadDisruption: false })],
      kubevirt: 'v1.4.1',
    },
    [['info', /lost/]],
  ],
  [
    'disruption alone pauses it',
    { objects: [...vm('web', running()), kubeVirt({ allowWorkloadDisruption: true })] },
    [['info', /may pause it/]],
  ],
]);
