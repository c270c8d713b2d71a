import type { KubeObject, Pod } from '../../model/objects.ts';
import { claim, NAMESPACE, vm } from '../../model/testing/fixtures.ts';
import { domain, running, table } from '../testing/table.ts';
import { quota } from './quota.ts';

const limited = (hard: Record<string, string>, used: Record<string, string>, more: object = {}): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'team', namespace: NAMESPACE },
    spec: { hard, ...more },
    status: { hard, used },
  }) as KubeObject;
const limits = (pod: Pod) =>
  Object.assign(pod.spec!.containers[0]!.resources!, { limits: { cpu: '2', memory: '5Gi' } });
const web = vm('web', running());
const withLimits = vm('web', running({}, { change: ({ pod }) => void limits(pod) }));
const tpm = vm('web', running({ domain: domain({ devices: { tpm: { persistent: true } } }) }));
const state = claim('persistent-state-for-web', { accessModes: ['ReadWriteOnce'] });

table(quota, [
  ['room for two', { objects: [...web, limited({ 'requests.memory': '16Gi' }, { 'requests.memory': '5Gi' })] }, []],
  [
    'no room for two',
    { objects: [...web, limited({ 'requests.memory': '8Gi' }, { 'requests.memory': '5Gi' })] },
    [['blocker', /requests\.memory is 8 GiB memory, 5 GiB memory is used, and 4\.27 GiB/, 'cold']],
  ],
  ['just enough', { objects: [...web, limited({ pods: '2' }, { pods: '1' })] }, []],
  [
    'one pod too many',
    { objects: [...web, limited({ 'count/pods': '1' }, { 'count/pods': '1' })] },
    [['blocker', /count\/pods is 1 pod/, 'cold']],
  ],
  [
    'limits count as well',
    { objects: [...withLimits, limited({ 'limits.cpu': '3' }, { 'limits.cpu': '2' })] },
    [['blocker', /limits\.cpu is 3 CPU, 2 CPU is used, and 2 CPU more/, 'cold']],
  ],
  [
    'a quota on limits turns down who states none',
    { objects: [...web, limited({ 'limits.cpu': '30' }, { 'limits.cpu': '2' })] },
    [['blocker', /which must specify limits\.cpu for: compute/, 'nothing']],
  ],
  [
    'a scope that the pod is in',
    { objects: [...web, limited({ pods: '1' }, { pods: '1' }, { scopes: ['NotTerminating'] })] },
    [['blocker', /pods is 1 pod/, 'cold']],
  ],
  [
    'a scope that it is not in',
    { objects: [...web, limited({ pods: '1' }, { pods: '1' }, { scopes: ['BestEffort'] })] },
    [],
  ],
  [
    'a priority class that is not its own',
    {
      objects: [
        ...web,
        limited(
          { pods: '1' },
          { pods: '1' },
          { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } },
        ),
      ],
    },
    [],
  ],
  [
    'the second claim of a TPM',
    { objects: [...tpm, state, limited({ persistentvolumeclaims: '3' }, { persistentvolumeclaims: '3' })] },
    [['blocker', /persistentvolumeclaims is 3/, 'cold']],
  ],
  [
    'which a shared one does not need',
    {
      objects: [
        ...tpm,
        claim('persistent-state-for-web'),
        limited({ persistentvolumeclaims: '3' }, { persistentvolumeclaims: '3' }),
      ],
    },
    [],
  ],
  [
    'hotplugged volumes need a pod of their own',
    {
      objects: [
        ...vm(
          'web',
          running(
            {},
            {
              change: ({ vmi }) =>
                (vmi.status!.volumeStatus = [{ name: 'd', target: 'sda', hotplugVolume: {} }] as never),
            },
          ),
        ),
        limited({ pods: '3' }, { pods: '2' }),
      ],
    },
    [['blocker', /2 pods more is needed/, 'cold']],
  ],
  ['services are not pods', { objects: [...web, limited({ services: '1' }, { services: '1' })] }, []],
]);
