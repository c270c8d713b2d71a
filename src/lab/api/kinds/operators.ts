import { cdiKinds } from './cdi.ts';
import { column, customAge, type Kind } from './kind.ts';
import { atomicConditions, labels, list, object, open, type Schema, string, time, whole } from './schema.ts';

// Kinds of the operators around KubeVirt: Multus, NMState, CDI. HyperConverged has a file of its own.

const custom = (group: string, versions: string[], kind: string, schema: Schema, more: Partial<Kind>): Kind => ({
  group,
  versions,
  storage: versions[0] ?? 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  namespaced: false,
  custom: true,
  status: true,
  schema,
  columns: [customAge],
  ...more,
});

const TRUE = '.status.conditions[?(@.status=="True")]';
const statusColumn = column('Status', `${TRUE}.type`, { description: 'Status' });
const reasonColumn = column('Reason', `${TRUE}.reason`, { description: 'Reason' });

const networkState = (description: string): Schema =>
  open(description, { interfaces: list('Network interfaces.', open('An interface.')) });

const policy = whole('Network configuration of nodes, and whether it was applied.', {
  spec: object('What is wanted where.', {
    nodeSelector: labels('Labels of the nodes it is for.'),
    desiredState: networkState('The network configuration that is wanted; what is not named stays.'),
    capture: labels('Expressions whose results the desired state may use.'),
    maxUnavailable: {
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      'x-kubernetes-int-or-string': true,
      description: 'How many nodes may be configured at once.',
    },
  }),
  status: open('Whether it was applied.', {
    conditions: atomicConditions('Available, Degraded, Progressing.'),
    lastUnavailableNodeCountUpdate: time('When the count of unavailable nodes changed.'),
  }),
});

export const operatorKinds: Kind[] = [
  custom(
    'k8s.cni.cncf.io',
    ['v1'],
    'NetworkAttachmentDefinition',
    whole('A network pods can be attached to besides the pod network.', {
      spec: object('The network.', { config: string('A CNI configuration as JSON.') }),
    }),
    {
      plural: 'network-attachment-definitions',
      singular: 'network-attachment-definition',
      shortNames: ['net-attach-def'],
      namespaced: true,
      status: false,
    },
  ),
  custom(
    'whereabouts.cni.cncf.io',
    ['v1alpha1'],
    'IPPool',
    whole('The addresses of a range that are in use.', {
      spec: object('The range and its addresses.', {
        range: string('The range in CIDR notation.'),
        allocations: {
          type: 'object',
          description: 'Who has an address, by its offset in the range.',
          additionalProperties: object('An address in use.', {
            id: string('The container.'),
            podref: string('The pod, as namespace/name.'),
            ifname: string('Its interface.'),
          }),
        },
      }),
    }),
    { namespaced: true, status: false },
  ),
  custom(
    'whereabouts.cni.cncf.io',
    ['v1alpha1'],
    'OverlappingRangeIPReservation',
    whole('An address that is in use, whatever the range it was taken from.', {
      spec: object('Who has it.', {
        containerid: string('The container.'),
        podref: string('The pod, as namespace/name.'),
        ifname: string('Its interface.'),
      }),
    }),
    { namespaced: true, status: false },
  ),
  custom('nmstate.io', ['v1', 'v1beta1'], 'NodeNetworkConfigurationPolicy', policy, {
    plural: 'nodenetworkconfigurationpolicies',
    singular: 'nodenetworkconfigurationpolicy',
    shortNames: ['nncp'],
    rules: true,
    columns: [statusColumn, reasonColumn],
  }),
  custom(
    'nmstate.io',
    ['v1beta1'],
    'NodeNetworkState',
    whole('The network configuration a node has.', {
      status: open('What the node has.', {
        currentState: networkState('The network configuration.'),
        lastSuccessfulUpdateTime: time('When it was read last.'),
      }),
    }),
    { shortNames: ['nns'] },
  ),
  custom(
    'nmstate.io',
    ['v1beta1'],
    'NodeNetworkConfigurationEnactment',
    whole('A policy on one node.', {
      status: open('Whether it was applied on the node.', {
        desiredState: networkState('What is wanted.'),
        conditions: atomicConditions('Available, Failing, Progressing, Pending, Aborted.'),
      }),
    }),
    {
      shortNames: ['nnce'],
      columns: [
        statusColumn,
        column('Status Age', `${TRUE}.lastTransitionTime`, { type: 'date', description: 'Status Age' }),
        reasonColumn,
      ],
    },
  ),
  ...cdiKinds,
];
