import { ALL, type Happens, type LabRow, pending, running, well } from './happens.ts';
import { at } from './harness.ts';

const cordon =
  (...nodes: string[]): Happens =>
  async (hand) => {
    for (const node of nodes) await hand.merge(at.node(node), { spec: { unschedulable: true } });
    await hand.migrate('web');
    hand.pass(10);
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
    happens: async (hand) => {
      await pending(hand);
      await hand.event(
        'Pod',
        hand.target('web').metadata.name,
        'Failed',
        'Failed to pull image "quay.io/x:1": not found',
      );
    },
    near: pending,
  },
  {
    cause: 'target/volume-attach',
    happens: async (hand) => {
      await pending(hand);
      await hand.event(
        'Pod',
        hand.target('web').metadata.name,
        'FailedAttachVolume',
        'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) virt-launcher-web',
      );
    },
    near: pending,
  },
  {
    cause: 'target/not-starting',
    confidence: 'likely',
    happens: async (hand) => {
      await pending(hand);
      hand.pass(60);
      await hand.remove(at.events);
    },
    near: async (hand) => {
      await running(hand);
      await hand.remove(at.events);
    },
  },
  {
    cause: 'target/cpu-nowhere',
    happens: async (hand) => {
      await cordon('worker-1', 'worker-2')(hand);
      await hand.event(
        'VirtualMachineInstance',
        'web',
        'NoSuitableNodesForHostModelMigration',
        'Migration cannot proceed since no node is suitable to run the required CPU model / required features: x',
      );
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
  {
    cause: 'target/attachment-pod',
    happens: async (hand) => {
      await pending(hand);
      hand.pass(900);
      await hand.remove(at.events);
      await hand.event(
        'VirtualMachineInstanceMigration',
        'm-web',
        'FailedMigration',
        'Migration failed because target attachment pod shutdown during migration',
      );
    },
    near: async (hand) => {
      await pending(hand);
      hand.pass(900);
    },
  },
  {
    cause: 'target/not-prepared',
    confidence: 'likely',
    beside: 'node/virt-handler-not-ready',
    happens: async (hand) => {
      await hand.migrate('web');
      hand.until('web', 'Scheduling');
      hand.pass(0.2);
      for (const node of ['worker-1', 'worker-2']) hand.fault('virt-handler-crash', { node });
      hand.pass(90);
    },
    near: running,
  },
];
