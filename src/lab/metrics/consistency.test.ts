import { type Arbitrary, array, assert, constantFrom, double, integer, oneof, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Node, Pod, VirtualMachine } from '../../model/objects.ts';
import { modify } from '../cluster.ts';
import { guestMemory } from '../controllers/guest.ts';
import { nodeUsage, podUsage } from '../controllers/node-usage.ts';
import { currentPod } from '../controllers/virt-vmi.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { testLab } from '../testing.ts';
import { editionOf } from './edition.ts';
import { type Batch, exposition, LAB_TIME } from './exposition.ts';
import { metricSources, nodePage, podPage, type Sources } from './targets.ts';

interface World {
  lab: ReturnType<typeof testLab>;
  sources: Sources;
}

function world(): World {
  const lab = testLab(small);
  return { lab, sources: metricSources(lab, { handler: lab.handler, linkSpeed: () => 1.175e9 }) };
}

/** The samples of a page, by metric and labels. */
function samplesOf({ lab }: World, batches: Iterable<Batch> | undefined): Map<string, number> {
  const text = [...exposition(editionOf(lab, LAB_TIME), batches ?? [])].join('');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.indexOf('}') + 1 || line.indexOf(' ');
      return [line.slice(0, end), Number(line.slice(end).trim().split(' ')[0])];
    }),
  );
}

function valuesOf(samples: Map<string, number>, metric: string): number[] {
  return [...samples].filter(([name]) => name.startsWith(`${metric}{`) || name === metric).map(([, value]) => value);
}

/** What one metric says of one VM, or of one pod's container. */
function about(samples: Map<string, number>, metric: string, ...pairs: string[]): number | undefined {
  return [...samples].find(
    ([name]) => name.startsWith(`${metric}{`) && pairs.every((pair) => name.includes(pair)),
  )?.[1];
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

function pagesOf(
  of: World,
  node: string,
): { handler: Map<string, number>; cadvisor: Map<string, number>; exporter: Map<string, number> } {
  const { lab, sources } = of;
  const pods = lab.podsOn.get(node);
  const page = (found: (pod: Pod) => boolean): Map<string, number> => {
    const pod = pods.find(found);
    return samplesOf(of, pod && podPage(sources, pod, false));
  };
  const object = lab.store.get<Node>(resources.nodes, undefined, node)!;
  return {
    handler: page((pod) => pod.metadata.labels?.['kubevirt.io'] === 'virt-handler'),
    exporter: page((pod) => pod.metadata.labels?.['app'] === 'node-exporter'),
    cadvisor: samplesOf(of, nodePage(sources, object, 'metrics/cadvisor')),
  };
}

type Step = { wait: number } | { migrate: string } | { cpu: string; cores: number };

const vms = ['storefront-web-1', 'orders-db', 'search-index', 'ledger-app', 'ci-runner-1'];
const namespaces: Record<string, string> = { 'ledger-app': 'finance', 'ci-runner-1': 'lab-test' };
const vm = constantFrom(...vms);
const steps: Arbitrary<Step[]> = array(
  oneof(
    record({ wait: integer({ min: 1, max: 600 }) }),
    record({ migrate: vm }),
    record({ cpu: vm, cores: double({ min: 0, max: 4, noNaN: true }) }),
  ),
  { minLength: 1, maxLength: 8 },
);

function take({ lab }: World, step: Step): void {
  if ('wait' in step) lab.clock.advanceBy(step.wait * 1000);
  else if ('migrate' in step) {
    const namespace = namespaces[step.migrate] ?? 'shop';
    if (lab.store.get(resources.vmis, namespace, step.migrate) === undefined) return;
    lab.migrate(namespace, step.migrate);
    lab.clock.advanceBy(120_000);
  } else {
    const found = lab.store.get<VirtualMachine>(resources.vms, namespaces[step.cpu] ?? 'shop', step.cpu)!;
    modify<VirtualMachine>(lab, resources.vms, found, (draft) => {
      const { template } = draft.spec;
      template.metadata = {
        ...template.metadata,
        annotations: { ...template.metadata?.annotations, 'lab.ferry.run/cpu': String(step.cores) },
      };
    });
    // virt-controller hands it on to the VMI.
    lab.clock.advanceBy(5000);
  }
}

function expectAgreement(of: World): void {
  const { lab } = of;
  for (const node of lab.store.list<Node>(resources.nodes)) {
    const { name } = node.metadata;
    const { handler, cadvisor, exporter } = pagesOf(of, name);
    const busy =
      sum(valuesOf(exporter, 'node_cpu_seconds_total')) -
      sum([...exporter].filter(([key]) => key.includes('mode="idle"')).map(([, value]) => value));
    let guests = 0;
    for (const vmi of lab.vmisOn.get(name)) {
      const pod = vmi.status?.phase === 'Running' ? currentPod(lab, vmi) : undefined;
      if (pod === undefined) continue;
      const is = `name="${vmi.metadata.name}"`;
      const inside = about(handler, 'kubevirt_vmi_cpu_usage_seconds_total', is)!;
      const outside = about(
        cadvisor,
        'container_cpu_usage_seconds_total',
        'container="compute"',
        `pod="${pod.metadata.name}"`,
      )!;
      const age = (lab.clock.now() - Date.parse(pod.status!.startTime!)) / 1000;
      expect(outside - inside, 'the launcher takes 0.02 cores').toBeCloseTo(0.02 * age, 3);
      guests += outside;
      const resident = about(handler, 'kubevirt_vmi_memory_resident_bytes', is)!;
      const set = about(
        cadvisor,
        'container_memory_working_set_bytes',
        'container="compute"',
        `pod="${pod.metadata.name}"`,
      )!;
      expect(set - resident).toBe(220 * 2 ** 20);
      const used =
        about(handler, 'kubevirt_vmi_memory_available_bytes', is)! -
        about(handler, 'kubevirt_vmi_memory_usable_bytes', is)!;
      expect(used).toBeLessThanOrEqual(guestMemory(vmi).size);
      expect(used).toBeGreaterThanOrEqual(0);
    }
    const uptime = (lab.clock.now() - Date.parse(node.metadata.creationTimestamp!)) / 1000;
    const cpus = Number(node.status!.capacity!['cpu']);
    expect(sum(valuesOf(exporter, 'node_cpu_seconds_total')), 'each CPU is in one mode at a time').toBeCloseTo(
      uptime * cpus,
      0,
    );
    expect(busy, 'a node does at least what its guests do').toBeGreaterThanOrEqual(guests * 0.999);
    const total = about(exporter, 'node_memory_MemTotal_bytes') ?? valuesOf(exporter, 'node_memory_MemTotal_bytes')[0]!;
    const available = valuesOf(exporter, 'node_memory_MemAvailable_bytes')[0]!;
    expect(total - available).toBeCloseTo(Math.min(total, nodeUsage(lab, node).memory), -1);
  }
}

describe('what the metrics say of CPU and memory', () => {
  test('agrees inside the guest, outside it, and on its node, whatever happens', () => {
    assert(
      property(steps, (all) => {
        const of = world();
        for (const step of all) {
          take(of, step);
          expectAgreement(of);
        }
        expect(of.lab.faults).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  test('grows by what metrics-server says is used', () => {
    assert(
      property(vm, double({ min: 0.1, max: 4, noNaN: true }), integer({ min: 1, max: 3600 }), (name, cores, wait) => {
        const of = world();
        const { lab, sources } = of;
        take(of, { cpu: name, cores });
        const vmi = lab.vmi(namespaces[name] ?? 'shop', name);
        const pod = currentPod(lab, vmi)!;
        const before = { total: sources.meter.pod(pod), usage: podUsage(lab, pod).cpu };
        lab.clock.advanceBy(wait * 1000);
        const rate = (sources.meter.pod(pod) - before.total) / wait;
        expect(Math.abs(rate - before.usage)).toBeLessThanOrEqual(before.usage * 0.09);
      }),
      { numRuns: 30 },
    );
  });

  test('never falls while a guest stays where it is', () => {
    assert(
      property(steps, (all) => {
        const of = world();
        const seen = new Map<string, number>();
        for (const step of all) {
          take(of, step);
          for (const node of of.lab.store.list<Node>(resources.nodes)) {
            const { handler, exporter } = pagesOf(of, node.metadata.name);
            for (const [key, value] of [
              ...handler,
              ...[...exporter].map(([key, value]): [string, number] => [`${node.metadata.name} ${key}`, value]),
            ]) {
              if (!/_total[{ ]/.test(key) || ('migrate' in step && key.includes('node='))) continue;
              expect(value, key).toBeGreaterThanOrEqual((seen.get(key) ?? 0) - 1e-6);
              seen.set(key, value);
            }
            if ('migrate' in step) seen.clear();
          }
        }
      }),
      { numRuns: 10 },
    );
  });
});
