import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding, Severity } from '../model/finding.ts';
import type { KubeObject } from '../model/objects.ts';
import type { Snapshot } from '../model/snapshot.ts';
import {
  claim,
  daemonSet,
  handlerPod,
  NAMESPACE,
  node,
  nodes,
  snapshotOf,
  storageClass,
  vm,
} from '../model/testing/fixtures.ts';
import { literal } from '../model/testing/literal.ts';
import { vmsOf } from '../model/vm.ts';
import { checkVms } from './assess.ts';
import { checks } from './checks/index.ts';
import { storageRows } from './testing/storage-rows.ts';
import { targetRows } from './testing/target-rows.ts';
import type { Options } from './testing/vm-objects.ts';
import { workloadRows } from './testing/workload-rows.ts';

const rows = [...storageRows, ...targetRows, ...workloadRows];

const classes = [
  storageClass('nfs', 'csi.trident.netapp.io', { backendType: 'ontap-nas' }),
  storageClass('smb', 'csi.trident.netapp.io', { backendType: 'ontap-nas' }),
  storageClass('iscsi', 'csi.trident.netapp.io', { backendType: 'ontap-san' }),
  storageClass('gp3', 'ebs.csi.aws.com'),
  storageClass('lvms', 'topolvm.io'),
  storageClass('static', 'kubernetes.io/no-provisioner'),
];

/** What is said about the VM `web` in a healthy three-node cluster with these objects besides. */
function check(objects: KubeObject[], { target, change, count = 3 }: Options = {}) {
  const snapshot = snapshotOf([...nodes(count), ...classes, ...objects], change);
  const report = checkVms(snapshot, vmsOf(snapshot), target === undefined ? {} : { target });
  const item = report.items.find(({ vm: { name } }) => name === 'web');
  if (item === undefined) throw new Error('there is no VM web');
  return { ...item, cluster: report.cluster ?? [], snapshot };
}

const brief = ({ check, severity, message }: Finding): [string, Severity, string] => [check, severity, message];

test.each(rows)('%s', (_, objects, verdict, expected, options = {}) => {
  const item = check(objects, options);
  expect(item.findings.map(brief)).toEqual(
    expected.map(([id, severity, message]) => [id, severity, expect.stringMatching(message)]),
  );
  expect(item.verdict).toBe(verdict);
  for (const finding of item.findings) {
    expect(finding.evidence.length).toBeGreaterThan(0);
    for (const evidence of finding.evidence) {
      const there = literal(item.snapshot, evidence);
      if (there !== undefined) expect([evidence.field, evidence.value]).toEqual([evidence.field, there]);
    }
    expect(finding.remedy).toMatch(/\.$|ferry /);
    expect(finding.allows === undefined).toBe(finding.severity !== 'blocker');
  }
});

describe('what is not known is never passed', () => {
  const lists = [
    'nodes',
    'pods',
    'claims',
    'storageClasses',
    'migrations',
    'daemonSets',
    'kubeVirts',
    'resourceQuotas',
  ] as const;
  test.each(lists)('%s forbidden: a warning names the list and the rule', (name) => {
    const item = check([...vm('web', { on: 'n1', claims: ['c'] }), claim('c')], {
      change: (snapshot) => {
        snapshot.lists[name] = {
          known: false,
          why: 'forbidden',
          message: 'no',
          rule: { apiGroup: 'g', resource: name, verb: 'list' },
        };
      },
    });
    const found = item.findings.filter(({ check }) => check === 'snapshot/complete');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining(`${name} could not be read (forbidden`),
    });
    expect(found[0]!.remedy).toContain(`apiGroups: ["g"], resources: ["${name}"], verbs: ["list"]`);
    expect(item.findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
  });

  test('pods of some namespaces only: room is judged by what nodes have at all, and a warning says so', () => {
    const change = ({ lists: { pods } }: Snapshot) => {
      if (pods.known) pods.onlyNamespaces = [NAMESPACE];
    };
    expect(check(vm('web', { on: 'n1', memory: '200Gi' }), { change }).findings.map(brief)).toEqual([
      ['snapshot/complete', 'warning', expect.stringContaining('pods could be read in the namespace vms only')],
      ['workload/intensity', 'info', expect.any(String)],
    ]);
    expect(check(vm('web', { on: 'n1', memory: '300Gi' }), { change }).verdict).toBe('blocked');
  });
});

test('a rollout of virt-handler is told about the cluster', () => {
  const { cluster } = check([...vm('web', { on: 'n1' }), node('n9'), handlerPod('n9', false)], {
    change: ({ lists }) => {
      lists.daemonSets = { known: true, items: [daemonSet(4, 3)] };
    },
  });
  expect(cluster.map(brief)).toEqual([
    ['health/virt-handler', 'warning', 'virt-handler is ready on 3 of 4 nodes; not ready on n9'],
  ]);
});

test('every check has an id of its own, a title and a source', () => {
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  for (const { id, title, source } of checks) {
    expect(id).toMatch(/^[a-z]+\/[a-z-]+$/);
    expect(title).not.toBe('');
    expect(source).toMatch(/mission|facts/);
  }
});

test('the report does not depend on the order of anything', () => {
  const objects = [
    ...nodes(3),
    ...classes,
    ...rows.filter(([, , , , options]) => options === undefined).flatMap(([, own], index) => renamed(own, index)),
  ];
  const report = (all: KubeObject[]) => {
    const snapshot = snapshotOf(all);
    return JSON.stringify(checkVms(snapshot, vmsOf(snapshot).toReversed()));
  };
  const expected = report(objects);
  expect(JSON.parse(expected).items.length).toBeGreaterThan(30);
  fc.assert(
    fc.property(fc.shuffledSubarray(objects, { minLength: objects.length }), (shuffled) => {
      expect(report(shuffled)).toBe(expected);
    }),
    { numRuns: 20 },
  );
});

/** The objects of a row, in a namespace of their own, so that all rows fit into one cluster. */
function renamed(objects: KubeObject[], index: number): KubeObject[] {
  return objects.map((object) => {
    const copy = structuredClone(object);
    if (copy.metadata.namespace === NAMESPACE) copy.metadata.namespace = `ns${index}`;
    const { labels } = copy.metadata;
    if (copy.metadata.uid !== undefined) copy.metadata.uid += `-${index}`;
    if (labels?.['kubevirt.io/created-by'] !== undefined) labels['kubevirt.io/created-by'] += `-${index}`;
    return copy;
  });
}

test('the shape of a report', async () => {
  const snapshot = snapshotOf([
    ...nodes(2),
    ...classes,
    ...vm('db', { on: 'n1', claims: ['data'] }),
    claim('data', { storageClassName: 'gp3', accessModes: ['ReadWriteOnce'] }),
    ...vm('off'),
    ...vm('web', { on: 'n2' }),
  ]);
  const report = checkVms(snapshot, vmsOf(snapshot));
  await expect(`${JSON.stringify(report, null, 2)}\n`).toMatchFileSnapshot('../../test/golden/check-report.json');
});
