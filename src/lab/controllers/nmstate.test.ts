import { beforeEach, describe, expect, test } from 'vitest';
import type { Node } from '../../model/objects.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { DOWN } from './kubelet.ts';
import { type Enactment, maxUnavailable, type Policy } from './nmstate-objects.ts';
import { linkOf, networkOf } from './nmstate-state.ts';
import { nmstateWebhooks } from './nmstate-webhooks.ts';

let lab: TestLab;

beforeEach(() => {
  lab = testLab({ ...small, vms: [] });
});

const WORKERS = { 'node-role.kubernetes.io/worker': '' };
const mtu = (value: number, name = 'enp4s0') => [{ name, type: 'ethernet', state: 'up', mtu: value }];

function policy(interfaces: object[], spec: object = {}, name = 'net'): Policy {
  return lab.store.create<Policy>(resources.nodeNetworkPolicies, {
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name },
    spec: { nodeSelector: WORKERS, desiredState: { interfaces } as never, ...spec },
  });
}

const conditions = (
  object:
    | { status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] } }
    | undefined,
) =>
  Object.fromEntries(
    (object?.status?.conditions ?? []).map(({ type, status, reason = '', message = '' }) => [
      type,
      [status, reason, message].join(' ').trim(),
    ]),
  );
const fresh = (name = 'net') => lab.store.get<Policy>(resources.nodeNetworkPolicies, undefined, name);
const enactments = () => lab.store.list<Enactment>(resources.nodeNetworkEnactments);
const stateOf = (one: Enactment) => one.status?.conditions?.find(({ status }) => status === 'True')?.type;
const mtus = () => [0, 1, 2, 3].map((n) => linkOf(networkOf(lab, `worker-${n}`), 'enp4s0')?.mtu);

function change(node: string, edit: (draft: Node) => void): void {
  modify<Node>(lab, resources.nodes, lab.store.get<Node>(resources.nodes, undefined, node)!, edit);
}

describe('a policy', () => {
  test('is applied node by node, at most half at a time, and says how it goes', () => {
    policy(mtu(9000));
    const seen = new Set<string>();
    const atOnce: number[] = [];
    for (let step = 0; step < 600; step++) {
      lab.clock.advanceBy(100);
      atOnce.push(enactments().filter((one) => stateOf(one) === 'Progressing').length);
      for (const one of enactments()) seen.add(conditions(one)['Pending'] ?? '');
      seen.add(conditions(fresh())['Progressing'] ?? '');
    }
    expect(Math.max(...atOnce)).toBe(2);
    expect(seen).toContain('True MaxUnavailableLimitReached Waiting for progressing nodes to finish');
    expect(seen).toContain('True ConfigurationProgressing Policy is progressing 2/4 nodes finished');
    expect(conditions(fresh())).toEqual({
      Available: 'True SuccessfullyConfigured 4/4 nodes successfully configured',
      Degraded: 'False SuccessfullyConfigured',
      Progressing: 'False ConfigurationProgressing',
    });
    expect(enactments().map(({ metadata }) => [metadata.name, metadata.labels])).toEqual(
      [0, 1, 2, 3].map((n) => [`worker-${n}.net`, { 'nmstate.io/node': `worker-${n}`, 'nmstate.io/policy': 'net' }]),
    );
    expect(conditions(enactments()[0])).toEqual({
      Available: 'True SuccessfullyConfigured successfully reconciled',
      Failing: 'False SuccessfullyConfigured',
      Progressing: 'False SuccessfullyConfigured',
      Pending: 'False SuccessfullyConfigured',
      Aborted: 'False SuccessfullyConfigured',
    });
    expect(mtus()).toEqual([9000, 9000, 9000, 9000]);
    expect(fresh()?.status?.unavailableNodeCount).toBeUndefined();
  });

  test('that no node can apply fails on the first, and aborts on the others', () => {
    policy(mtu(9000, 'eth9'));
    lab.run();
    const how = enactments().map(stateOf);
    expect(how.filter((one) => one === 'Failing').length).toBeGreaterThan(0);
    expect(how.filter((one) => one === 'Aborted').length).toBe(4 - how.filter((one) => one === 'Failing').length);
    const failing = enactments().find((one) => stateOf(one) === 'Failing');
    const node = failing?.metadata.labels?.['nmstate.io/node'] ?? '';
    expect(conditions(failing)['Failing']).toBe(
      `True FailedToConfigure error reconciling NodeNetworkConfigurationPolicy on node ${node} at desired state apply: "",\n , NmstateError: InvalidArgument: Ethernet interface eth9 does not exists\n: failed to execute nmstatectl apply -v --no-commit --timeout 480: exit status 1`,
    );
    expect(conditions(fresh())['Degraded']).toMatch(
      /^True FailedToConfigure \d\/4 nodes failed to configure, \d nodes aborted configuration$/,
    );
    expect(conditions(fresh())['Available']).toBe('False FailedToConfigure');
    expect(lab.eventsOf('NodeNetworkConfigurationPolicy', 'net')[0]).toMatch(
      /^Warning ReconcileFailed error reconciling/,
    );
    expect(mtus()).toEqual([1500, 1500, 1500, 1500]);
  });

  test('that is corrected is applied; deleted, it is not undone', () => {
    policy(mtu(9000, 'eth9'));
    lab.run();
    modify<Policy>(lab, resources.nodeNetworkPolicies, fresh()!, (draft) => {
      draft.spec = { ...draft.spec, desiredState: { interfaces: mtu(9000) } };
    });
    lab.run();
    expect(conditions(fresh())['Available']).toBe('True SuccessfullyConfigured 4/4 nodes successfully configured');
    lab.store.delete(resources.nodeNetworkPolicies, undefined, 'net');
    lab.run();
    expect(enactments()).toEqual([]);
    expect(mtus()).toEqual([9000, 9000, 9000, 9000]);
  });

  test('reaches a node that is relabelled later, and one that joins', () => {
    policy(mtu(9000), { nodeSelector: { fast: 'yes' } });
    lab.run();
    expect(conditions(fresh())['Available']).toBe('True NoMatchingNode Policy does not match any node');
    change('worker-2', (draft) => (draft.metadata.labels = { ...draft.metadata.labels, fast: 'yes' }));
    lab.run();
    expect(mtus()).toEqual([1500, 1500, 9000, 1500]);
    const like = lab.store.get<Node>(resources.nodes, undefined, 'worker-3')!;
    const { uid: _, resourceVersion: __, ...metadata } = like.metadata;
    lab.store.create<Node>(resources.nodes, {
      ...like,
      metadata: { ...metadata, name: 'worker-9', labels: { ...metadata.labels, fast: 'yes' } },
    });
    lab.run();
    expect(linkOf(networkOf(lab, 'worker-9'), 'enp4s0')?.mtu).toBe(9000);
    expect(conditions(fresh())['Available']).toBe('True SuccessfullyConfigured 2/2 nodes successfully configured');
  });

  test('leaves out a node that is switched off until it is back', () => {
    change('worker-1', (draft) => (draft.metadata.annotations = { ...draft.metadata.annotations, [DOWN]: 'true' }));
    lab.clock.advanceBy(60_000);
    policy(mtu(9000));
    lab.run();
    expect(conditions(fresh())['Available']).toBe(
      'True SuccessfullyConfigured 3/4 nodes successfully configured, 1 nodes ignored due to NotReady state',
    );
    change('worker-1', (draft) => (draft.metadata.annotations = { ...draft.metadata.annotations, [DOWN]: 'false' }));
    lab.run();
    expect(mtus()).toEqual([9000, 9000, 9000, 9000]);
  });

  test('without a selector is for the control plane, too, which may not have the NIC', () => {
    policy(mtu(9000), { nodeSelector: {} });
    lab.run();
    expect(conditions(fresh())['Degraded']).toMatch(/^True FailedToConfigure [1-7]\/7 nodes failed/);
  });

  test('a NodeNetworkState that is deleted comes back', () => {
    const before = networkOf(lab, 'worker-0');
    lab.store.delete(resources.nodeNetworkStates, undefined, 'worker-0');
    lab.run();
    expect(networkOf(lab, 'worker-0')).toEqual(before);
  });
});

test.each<[number | string | undefined, number, number]>([
  [undefined, 1, 1],
  [undefined, 3, 2],
  [undefined, 4, 2],
  [3, 10, 3],
  ['25%', 10, 3],
  ['0%', 10, 1],
  ['many', 10, 5],
])('maxUnavailable %s of %d nodes is %d', (value, nodes, expected) => {
  const spec = value === undefined ? {} : { maxUnavailable: value };
  expect(maxUnavailable({ apiVersion: '', kind: '', metadata: { name: 'x' }, spec }, nodes)).toBe(expected);
});

describe('admission of policies', () => {
  const object = (more: object = {}, name = 'net') => ({
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name },
    spec: {},
    ...more,
  });
  const status = (reason?: string) => ({
    conditions: [{ type: 'Available', status: 'Unknown', ...(reason && { reason }) }],
  });
  const denial = (operation: 'CREATE' | 'UPDATE', next: object, old?: object): string | undefined => {
    for (const hook of nmstateWebhooks(lab)) {
      if (!hook.operations.includes(operation)) continue;
      try {
        hook.validate?.({
          operation,
          resource: hook.resource,
          name: 'net',
          object: next as never,
          ...(old && { oldObject: old as never }),
          user: { name: 'a', groups: [] },
          dryRun: false,
        });
      } catch (error) {
        return (error as Error).message;
      }
    }
    return undefined;
  };
  const changed = { spec: { nodeSelector: { a: 'b' } } };

  test.each<[string, string | undefined, () => string | undefined]>([
    ['a new one', undefined, () => denial('CREATE', object())],
    [
      'a change while it is applied',
      'policy net is still in progress',
      () => denial('UPDATE', object(changed), object({ status: status('ConfigurationProgressing') })),
    ],
    [
      'a change before anything is known',
      'policy net is still in progress',
      () => denial('UPDATE', object(changed), object({ status: status() })),
    ],
    [
      'a change of one that is done',
      undefined,
      () => denial('UPDATE', object(changed), object({ status: status('SuccessfullyConfigured') })),
    ],
    [
      'a change of labels only, at any time',
      undefined,
      () => denial('UPDATE', object(), object({ status: status('ConfigurationProgressing') })),
    ],
    [
      'a selector that is none',
      'invalid label value: "b c": at key: "a": ',
      () =>
        denial(
          'UPDATE',
          object({ spec: { nodeSelector: { a: 'b c' } } }),
          object({ status: status('SuccessfullyConfigured') }),
        ),
    ],
    [
      'another capture',
      'invalid policy operation: capture field cannot be modified',
      () =>
        denial(
          'UPDATE',
          object({ spec: { capture: { a: 'b' } } }),
          object({ status: status('SuccessfullyConfigured') }),
        ),
    ],
    ['a name that no label can have', 'invalid policy name: "', () => denial('CREATE', object({}, 'x'.repeat(64)))],
  ])('%s', (_, expected, answer) => {
    const text = answer();
    if (expected === undefined) expect(text).toBeUndefined();
    else
      expect(text).toMatch(
        new RegExp(
          `^failed to admit NodeNetworkConfigurationPolicy \\S+: message: ${expected.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`,
        ),
      );
  });
});
