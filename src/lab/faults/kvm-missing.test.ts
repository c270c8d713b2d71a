import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Node } from '../../model/objects.ts';
import { resources } from '../resources.ts';
import { type FaultLab, faultLab } from './testing.ts';

let lab: FaultLab;

beforeEach(async () => {
  lab = await faultLab();
});

afterEach(async () => {
  await lab.stop();
  expect(lab.faults).toEqual([]);
});

const said = (): unknown[] => {
  const { metadata, status } = lab.store.get<Node>(resources.nodes, undefined, 'worker-1')!;
  return [metadata.labels?.['kubevirt.io/schedulable'], status?.allocatable?.['devices.kubevirt.io/kvm']];
};

test('virt-handler says with its next heartbeat that the node takes no VMs, and takes it back', () => {
  const { id } = lab.inject('kvm-missing', { node: 'worker-1' });
  lab.clock.advanceBy(100_000);
  expect(said()).toEqual(['false', '0']);
  // It lives: virt-controller does not give it up.
  lab.clock.advanceBy(600_000);
  expect(JSON.stringify(lab.store.list(resources.events, 'default'))).not.toContain('NodeUnresponsive');
  lab.injector.clear(id);
  lab.clock.advanceBy(100_000);
  expect(said()).toEqual(['true', '1k']);
});
