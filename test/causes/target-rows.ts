import type { Scenario } from '../../src/lab/scenarios/scenario.ts';
import { attachmentRows } from './attachment-rows.ts';
import { ALL, type Happens, handlersCrash, type LabRow, pending, running, well } from './happens.ts';
import { at, scenario } from './harness.ts';

const cordon =
  (...nodes: string[]): Happens =>
  async (hand) => {
    for (const node of nodes) await hand.merge(at.node(node), { spec: { unschedulable: true } });
    await hand.migrate('web');
    hand.pass(10);
  };

/** web runs on a machine newer than all others, with whose CPU it was started. */
const newerCpus: Scenario = {
  ...scenario,
  nodes: scenario.nodes.flatMap((group) =>
    group.prefix === 'worker'
      ? [
          { ...group, count: 1, cpuModel: 'SapphireRapids' },
          { ...group, prefix: 'older', count: 2, cpuModel: 'Cascadelake-Server' },
        ]
      : [group],
  ),
  vms: scenario.vms.map((vm) => ({
    ...vm,
    node: vm.node?.replace('worker-1', 'older-0').replace('worker-2', 'older-1'),
  })),
};

/** web's target pod finds no image on its node. */
const unpulled =
  (given: Record<string, string>): Happens =>
  async (hand) => {
    hand.fault('image-pull', given);
    await hand.migrate('web');
    hand.until('web', 'Scheduling');
    hand.pass(90);
  };

const unattached =
  (given: Record<string, string>): Happens =>
  async (hand) => {
    hand.fault('volume-attach', given);
    await hand.migrate('web');
    hand.until('web', 'Scheduling');
    hand.pass(20);
  };

/** The claim says ReadWriteMany; its volume, since somebody changed it, what is given. */
const oneNodeOnly =
  (accessModes: string[]): Happens =>
  async (hand) => {
    await hand.merge(`/api/v1/persistentvolumes/${hand.volume('web')}`, { spec: { accessModes } });
    await hand.migrate('web');
    hand.until('web', 'Scheduling');
    hand.pass(20);
  };

/** Migrations whose target pod does not come to run. */
export const targetRows: LabRow[] = [
  { cause: 'target/unschedulable', releases: ALL, happens: cordon('worker-1', 'worker-2'), near: cordon('worker-1') },
  {
    cause: 'target/unschedulable',
    title: 'given up',
    happens: async (hand) => {
      await cordon('worker-1', 'worker-2')(hand);
      hand.pass(310);
    },
    near: async (hand) => {
      await pending(hand);
      hand.pass(900);
    },
  },
  { cause: 'target/pod-network', releases: ALL, happens: pending, near: running },
  {
    cause: 'target/pod-network',
    title: 'given up',
    happens: async (hand) => {
      await pending(hand);
      hand.pass(900);
    },
    near: well,
  },
  {
    cause: 'target/image-pull',
    releases: ALL,
    happens: unpulled({}),
    // Slow is not in vain.
    near: unpulled({ delay: '5m' }),
  },
  {
    cause: 'target/image-pull',
    title: 'given up',
    happens: async (hand) => {
      await unpulled({ vm: 'vms/web' })(hand);
      hand.pass(900);
    },
    near: unpulled({ vm: 'vms/other' }),
  },
  {
    cause: 'target/volume-attach',
    releases: ALL,
    happens: unattached({}),
    near: unattached({ vm: 'vms/other' }),
  },
  {
    cause: 'target/volume-attach',
    title: 'the volume is for one node only',
    happens: oneNodeOnly(['ReadWriteOnce']),
    near: oneNodeOnly(['ReadWriteMany']),
  },
  {
    cause: 'target/not-starting',
    releases: ALL,
    confidence: 'likely',
    happens: unpulled({ delay: '10m' }),
    near: async (hand) => {
      await unpulled({ delay: '30s' })(hand);
    },
  },
  {
    cause: 'target/cpu-nowhere',
    releases: ALL,
    cluster: newerCpus,
    happens: async (hand) => {
      await hand.migrate('web');
      hand.pass(10);
    },
    near: cordon('worker-1', 'worker-2'),
  },
  {
    cause: 'target/pod-lost',
    releases: ALL,
    happens: async (hand) => {
      await pending(hand);
      await hand.remove(at.pod(hand.target('web').metadata.name));
      hand.pass(60);
    },
    near: pending,
  },
  {
    cause: 'target/pod-lost',
    title: 'after the hand-over',
    happens: async (hand) => {
      await hand.migrate('web');
      hand.until('web', 'PreparingTarget');
      await hand.remove(at.pod(hand.target('web').metadata.name));
      hand.until('web', 'Failed');
      hand.pass(2);
    },
    near: running,
  },
  ...attachmentRows,
  {
    cause: 'target/not-prepared',
    confidence: 'likely',
    beside: 'node/virt-handler-not-ready',
    happens: handlersCrash,
    near: running,
  },
];
