import { describe, expect, test } from 'vitest';
import { ApiError } from '../src/lab/api/status.ts';
import { modify } from '../src/lab/cluster.ts';
import { testApi } from '../src/lab/controllers/testing.ts';
import { resources } from '../src/lab/resources.ts';
import { type TestLab, testLab } from '../src/lab/testing.ts';
import type { KubeObject, Node, Pod } from '../src/model/objects.ts';
import { kubevirt19 } from '../src/model/versions/v1.9.ts';
import { scenario, vm, withoutOperator } from './fidelity/flows.ts';
import { hasRecordings, lines, text } from './fidelity/shared.ts';

// The recorded drains: `kubectl drain` of a node with five VMs (run1/drain-node01.txt), and a node with six that got
// the taint kubevirt.io/drain (run1/taint-timeline.jsonl).

/** A lab whose VMs all run on one node. */
function labWith(names: string[]): { lab: TestLab; node: string } {
  const lab = testLab(scenario, { seconds: 4, version: kubevirt19 });
  withoutOperator(lab);
  const [node = '', ...others] = lab.store.list(resources.nodes).map(({ metadata }) => metadata.name);
  for (const other of others) cordon(lab, other, true);
  for (const name of names) lab.store.create(resources.vms, vm(name));
  lab.run();
  for (const other of others) cordon(lab, other, false);
  lab.clock.advanceBy(10_000);
  return { lab, node };
}

function cordon(lab: TestLab, name: string, unschedulable: boolean): void {
  const node = lab.store.get<Node>(resources.nodes, undefined, name)!;
  modify<Node>(lab, resources.nodes, node, (draft) => {
    draft.spec ??= {};
    if (unschedulable) draft.spec.unschedulable = true;
    else delete draft.spec.unschedulable;
  });
}

/** `kubectl drain` as kubectl does it: evicts each pod, tries again 5 s after a 429, and waits until it is gone. */
function drain(lab: TestLab, node: string): string[] {
  const api = testApi(lab);
  const said: string[] = [`node/${node} cordoned`];
  cordon(lab, node, true);
  const onNode = ({ metadata, spec }: Pod): boolean =>
    spec?.nodeName === node && metadata.labels?.['kubevirt.io'] === 'virt-launcher';
  let left = lab.store.list<Pod>(resources.pods, 'vms').filter(onNode);
  for (let round = 0; left.length > 0 && round < 20; round++) {
    const again: Pod[] = [];
    for (const pod of left) {
      const { name, namespace = '' } = pod.metadata;
      said.push(`evicting pod ${namespace}/${name}`);
      const refused = evict(api, namespace, name);
      if (refused === undefined) said.push(`pod/${name} evicted`);
      else {
        again.push(pod);
        said.push(`error when evicting pods/"${name}" -n "${namespace}" (will retry after 5s): ${refused}`);
      }
    }
    left = again;
    if (left.length > 0) lab.clock.advanceBy(5000);
  }
  lab.run();
  said.push(`node/${node} drained`);
  return said;
}

/** Why an eviction is refused with 429; undefined if it is granted. */
function evict(api: ReturnType<typeof testApi>, namespace: string, name: string): string | undefined {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  const { denied } = api.admit('CREATE', 'pods/eviction', eviction);
  if (denied !== undefined) {
    expect(denied.code).toBe(429);
    return denied.message;
  }
  try {
    api.sub('pods', 'eviction', { method: 'POST', namespace, name, body: eviction });
    return undefined;
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}

/** What was said of each pod, in order, with the particular names taken out; the longest story last. */
function stories(said: string[]): string[][] {
  const about = new Map<string, string[]>();
  for (const line of said) {
    const [pod, name] = /virt-launcher-(\w+)-\w+/.exec(line) ?? [];
    if (pod === undefined || name === undefined) continue;
    const story = about.get(pod) ?? [];
    about.set(pod, [...story, line.replaceAll(pod, '<pod>').replaceAll(`"vms/${name}"`, '"<vmi>"')]);
  }
  return [...about.values()].toSorted((a, b) => a.length - b.length);
}

describe.skipIf(!hasRecordings)('kubectl drain of a node with five VMs', () => {
  test('is refused with the recorded texts, as often, and ends as it did', () => {
    const recorded = text('run1/drain-node01.txt');
    const { lab, node } = labWith(['web02', 'web03', 'web05', 'web09', 'prod1']);
    const said = drain(lab, node);
    expect(stories(said)).toEqual(stories(recorded));
    const frame = (all: string[]): (string | undefined)[] => [all[0], all.at(-1)];
    expect(frame(said)).toEqual(frame(recorded).map((line) => line?.replace('node01', node)));
  });
});

interface Sample {
  t: string;
  m: [name: string, vmi: string, phase: string][];
}

const ACTIVE = ['Scheduling', 'Scheduled', 'PreparingTarget', 'TargetReady', 'Running'];

/** What a timeline says of the evacuations of a node: how many there are from the start, how many are active at most. */
function course(samples: Sample['m'][], of: ReadonlySet<string>): object {
  const mine = samples.map((all) => all.filter(([name]) => of.has(name)).map(([, , phase]) => phase));
  return {
    fromTheStart: mine[0]?.length,
    activeAtMost: Math.max(...mine.map((phases) => phases.filter((phase) => ACTIVE.includes(phase)).length)),
  };
}

describe.skipIf(!hasRecordings)('the taint kubevirt.io/drain on a node with six VMs', () => {
  test('makes all migrations at once, of which two go on at a time', () => {
    const samples = lines<Sample>('run1/taint-timeline.jsonl').map(({ m }) => m);
    // One evacuation had ended before.
    const over = samples[0]!.filter(([, , phase]) => phase === 'Succeeded').map(([name]) => name);
    const names = samples.flat().map(([name]) => name);
    const recorded = new Set(names.filter((name) => !over.includes(name)));

    const { lab, node } = labWith(['web02', 'web03', 'web05', 'web08', 'web09', 'prod1']);
    modify<Node>(lab, resources.nodes, lab.store.get<Node>(resources.nodes, undefined, node)!, (draft) => {
      draft.spec = { ...draft.spec, taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] };
    });
    const seen: Sample['m'][] = [];
    for (let sample = 0; sample < 80; sample++) {
      lab.clock.advanceBy(500);
      seen.push(
        lab.store
          .list<KubeObject & { spec: { vmiName: string }; status?: { phase?: string } }>(resources.migrations)
          .map(({ metadata, spec, status }) => [metadata.name, spec.vmiName, status?.phase ?? 'Pending']),
      );
    }
    const made = new Set(seen.flat().map(([name]) => name));
    expect([...made].every((name) => /^kubevirt-evacuation-\w{5}$/.test(name))).toBe(true);
    expect(course(seen, made)).toEqual(course(samples, recorded));
    expect(new Set(seen.at(-1)!.map(([, , phase]) => phase))).toEqual(new Set(['Succeeded']));
  });
});
