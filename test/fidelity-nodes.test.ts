import { describe, expect, test } from 'vitest';
import { bookmarkLine } from '../src/lab/api/bookmark.ts';
import { kindsOf } from '../src/lab/api/kinds/index.ts';
import { resourceName } from '../src/lab/api/kinds/kind.ts';
import { modify } from '../src/lab/cluster.ts';
import { resources } from '../src/lab/resources.ts';
import { testLab } from '../src/lab/testing.ts';
import type { KubeObject, Node } from '../src/model/objects.ts';
import { kubevirt19 } from '../src/model/versions/v1.9.ts';
import { scenario, vm, withoutOperator } from './fidelity/flows.ts';
import { hasRecordings, lines } from './fidelity/shared.ts';

// The recorded watches of nodes and PodDisruptionBudgets. Heartbeats are most of the first; the second holds bookmarks
// only: KubeVirt 1.9 makes no budgets.

interface Line {
  type: string;
  object: KubeObject & { spec?: object };
}

/** What is said of a node but for heartbeats: each spec once, without what is the node's own or a time. */
function specs(all: readonly (KubeObject & { spec?: object })[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { metadata, spec } of all) {
    const course = (found[metadata.name] ??= []);
    const { podCIDR: _cidr, podCIDRs: _cidrs, ...rest } = (spec ?? {}) as Record<string, unknown>;
    const line = JSON.stringify(rest).replace(/"timeAdded":"[\d:TZ-]+"/, '"timeAdded":"<time>"');
    if (line !== course.at(-1)) course.push(line);
  }
  return found;
}

/** A small cluster whose nodes somebody cordons, uncordons and taints as in the recording. */
function labNodes(): { seen: (KubeObject & { spec?: object })[]; budgets: number } {
  const lab = testLab(scenario, { seconds: 4, version: kubevirt19 });
  withoutOperator(lab);
  for (const name of ['web01', 'web02', 'web03']) lab.store.create(resources.vms, vm(name));
  lab.run();
  const seen: (KubeObject & { spec?: object })[] = [...lab.store.list<Node>(resources.nodes)];
  let budgets = 0;
  lab.store.subscribe(({ resource, object }) => {
    if (resource === resources.nodes) seen.push(object);
    if (resource === resources.disruptionBudgets) budgets++;
  });
  const change = (node: string, edit: (spec: NonNullable<Node['spec']>) => void): void => {
    const object = lab.store.get<Node>(resources.nodes, undefined, node)!;
    modify<Node>(lab, resources.nodes, object, (draft) => edit((draft.spec ??= {})));
    lab.clock.advanceBy(15_000);
  };
  const [first = '', second = '', third = ''] = lab.store.list(resources.nodes).map(({ metadata }) => metadata.name);
  const cordon = (node: string): void => {
    change(node, (spec) => void (spec.unschedulable = true));
    change(node, (spec) => void delete spec.unschedulable);
  };
  cordon(first);
  cordon(third);
  cordon(first);
  change(second, (spec) => void (spec.taints = [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }]));
  lab.run();
  change(second, (spec) => void delete spec.taints);
  cordon(first);
  lab.run();
  return { seen, budgets };
}

describe.skipIf(!hasRecordings)('the watch of nodes', () => {
  const recorded = (hasRecordings ? lines<Line>('run1/nodes.watch.jsonl') : []).filter(
    ({ type }) => type !== 'BOOKMARK',
  );

  test('shows the writes of a cordon, an uncordon and a drain taint, and no others', () => {
    const wanted = Object.values(specs(recorded.map(({ object }) => object)));
    expect(wanted.map((course) => course.length)).toEqual([13, 3, 5, 1]);
    expect(Object.values(specs(labNodes().seen))).toEqual(wanted);
  });

  test('shows in every line a node that takes VMs, whatever else happens', () => {
    const takes = (object: KubeObject): string | undefined => object.metadata.labels?.['kubevirt.io/schedulable'];
    for (const { object } of recorded) expect(takes(object)).toBe('true');
    for (const object of labNodes().seen) expect(takes(object)).toBe('true');
  });
});

describe.skipIf(!hasRecordings)('PodDisruptionBudgets', () => {
  test('are neither recorded nor made', () => {
    const made = lines<Line>('run1/pdb.watch.jsonl').filter(({ type }) => type !== 'BOOKMARK');
    expect(made).toEqual([]);
    expect(labNodes().budgets).toBe(0);
  });
});

describe.skipIf(!hasRecordings)('bookmarks are those that were recorded', () => {
  const FILES = {
    nodes: resources.nodes,
    pdb: resources.disruptionBudgets,
    pods: resources.pods,
    vmi: resources.vmis,
    vmim: resources.migrations,
  };

  test.each(Object.entries(FILES))('of %s', (file, resource) => {
    const kind = kindsOf(kubevirt19).find((each) => resourceName(each) === resource)!;
    const recorded = lines<Line & { t: string }>(`run1/${file}.watch.jsonl`).filter(({ type }) => type === 'BOOKMARK');
    expect(recorded).toHaveLength(17);
    for (const { type, object } of recorded) {
      const { resourceVersion } = object.metadata;
      expect(bookmarkLine(kind, 'v1', { resourceVersion })).toBe(`${JSON.stringify({ type, object })}\n`);
    }
  });
});
