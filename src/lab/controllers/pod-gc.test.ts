import { expect, test } from 'vitest';
import type { Pod } from '../../model/objects.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { testLab } from '../testing.ts';
import { podGarbageCollector } from './pod-gc.ts';

test('of more ended pods than the threshold the oldest are deleted, whatever runs stays', () => {
  const lab = testLab(small);
  podGarbageCollector(lab, 3).start();
  const running = lab.store.count(resources.pods);
  for (let number = 0; number < 5; number++) {
    lab.clock.advanceBy(1000);
    lab.store.create<Pod>(resources.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `ended-${number}`, namespace: 'shop' },
      spec: { containers: [] },
      status: { phase: number % 2 === 0 ? 'Succeeded' : 'Failed' },
    });
  }
  lab.clock.advanceBy(20_000);
  const left = lab.store.list<Pod>(resources.pods, 'shop').filter(({ metadata }) => metadata.name.startsWith('ended-'));
  expect(left.map(({ metadata }) => metadata.name)).toEqual(['ended-2', 'ended-3', 'ended-4']);
  expect(lab.store.count(resources.pods)).toBe(running + 3);
});
