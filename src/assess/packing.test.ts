import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodesOf } from '../model/nodes.ts';
import { requestsOf } from '../model/pods.ts';
import { node, vm } from '../model/testing/fixtures.ts';
import { vmsOf } from '../model/vm.ts';
import { pack } from './packing.ts';
import { placed } from './testing/subjects.ts';

const cluster = (free: number[], guests: number[]) =>
  placed({
    count: 1,
    objects: [
      ...free.map((gib, index) =>
        node(`m${index}`, ({ status }) => Object.assign(status!.allocatable!, { memory: `${gib}Gi` })),
      ),
      ...guests.flatMap((gib, index) => vm(`g${index}`, { on: 'n1', memory: `${gib}Gi` })),
    ],
    // Without their virt-handler no node would take any; whether it is there is not known either way.
    change: ({ lists }) => {
      if (lists.pods.known) {
        const [handler] = lists.pods.items.filter(
          ({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-handler',
        );
        for (const index of free.keys()) {
          lists.pods.items.push({
            ...handler!,
            metadata: { ...handler!.metadata, name: `virt-handler-m${index}` },
            spec: { nodeName: `m${index}`, containers: [] },
          });
        }
      }
    },
  });

test('what is placed fits together, is never placed where it was, and all are answered for in their order', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 24 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 4 }), sizes, (free, guests) => {
      const snapshot = cluster(free, guests);
      const vms = vmsOf(snapshot);
      const found = pack(
        snapshot,
        vms.map((each) => ({ vm: each, live: true })),
        'n1',
      );
      expect(found.map((each) => each.vm)).toEqual(vms);
      for (const { name, free: room } of nodesOf(snapshot).values()) {
        const here = found.filter(({ to }) => to === name);
        const memory = here.reduce((sum, each) => sum + (requestsOf(each.vm.launcher!)['memory'] ?? 0), 0);
        expect(memory).toBeLessThanOrEqual(name === 'n1' ? 0 : (room['memory'] ?? 0));
      }
      for (const { to, alone, nearest } of found) {
        if (to !== undefined) continue;
        expect(nearest).toBeDefined();
        if (alone === true) expect(nearest?.objection.kind).toBe('room');
      }
    }),
    { numRuns: 200 },
  );
});

test('the largest goes first, onto the node it leaves fullest', () => {
  const snapshot = cluster([13, 9], [4, 8, 4]);
  const found = pack(
    snapshot,
    vmsOf(snapshot).map((each) => ({ vm: each, live: true })),
    'n1',
  );
  expect(found.map(({ to }) => to)).toEqual(['m0', 'm1', 'm0']);
});
