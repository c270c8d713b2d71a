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
const range = (...of: object[]): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'sizes', namespace: NAMESPACE },
    spec: { limits: of },
  }) as KubeObject;
/** A pod that a LimitRange of before has completed. */
const completed = vm(
  'web',
  running(
    {},
    {
      change: ({ pod }) => {
        limits(pod);
        pod.metadata.annotations = {
          'kubernetes.io/limit-ranger': 'LimitRanger plugin set: cpu, memory limit for container compute',
        };
      },
    },
  ),
);
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
  [
    'a LimitRange states what a quota asks for',
    {
      objects: [
        ...web,
        limited({ 'limits.cpu': '30' }, { 'limits.cpu': '2' }),
        range({ type: 'Container', default: { cpu: '8' } }),
      ],
    },
    [],
  ],
  [
    'what it states counts',
    {
      objects: [
        ...web,
        limited({ 'limits.cpu': '9' }, { 'limits.cpu': '2' }),
        range({ type: 'Container', default: { cpu: '8' } }),
      ],
    },
    [['blocker', /limits\.cpu is 9 CPU, 2 CPU is used, and 8 CPU more/, 'cold']],
  ],
  [
    'what an earlier LimitRange stated does not count any more',
    { objects: [...completed, limited({ 'limits.cpu': '30' }, { 'limits.cpu': '2' })] },
    [['blocker', /which must specify limits\.cpu for: compute/, 'nothing']],
  ],
  [
    'a LimitRange that the pod is too large for',
    {
      objects: [...web, range({ type: 'Container', max: { memory: '64Gi' } }, { type: 'Pod', max: { memory: '1Gi' } })],
    },
    [
      [
        'blocker',
        /LimitRange sizes of its namespace does not let its second pod in: maximum memory usage per Pod is 1Gi, but limit is 64Gi/,
        'nothing',
      ],
    ],
  ],
  [
    'a default limit below its request',
    { objects: [...web, range({ type: 'Container', default: { memory: '1Gi' } })] },
    [['blocker', /must be less than or equal to memory limit of 1Gi/, 'nothing']],
  ],
  [
    'a ratio',
    { objects: [...withLimits, range({ type: 'Container', maxLimitRequestRatio: { cpu: '1' } })] },
    [['blocker', /cpu max limit to request ratio per Container is 1, but provided ratio is/, 'nothing']],
  ],
  ['a LimitRange with room', { objects: [...web, range({ type: 'Container', max: { memory: '64Gi' } })] }, []],
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
    [['blocker', /second claim .*persistentvolumeclaims is 3/, 'cold']],
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
