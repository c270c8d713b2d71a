import { ALL, type LabRow } from './happens.ts';

/** KubeVirt's own components do not work. */
export const controlPlaneRows: LabRow[] = [
  {
    cause: 'queue/virt-controller',
    releases: ALL,
    confidence: 'likely',
    happens: async (hand) => {
      hand.fault('virt-controller-crash');
      await hand.migrate('web');
      hand.pass(90);
    },
    near: async (hand) => {
      hand.fault('virt-controller-crash', { count: '1' });
      await hand.migrate('web');
      hand.pass(90);
    },
  },
  {
    cause: 'kubevirt/not-available',
    releases: ALL,
    of: 'cluster',
    beside: 'kubevirt/virt-api-down',
    happens: async (hand) => {
      hand.fault('virt-api-crash');
      hand.pass(30);
    },
    near: async (hand) => {
      hand.fault('virt-api-crash', { count: '1' });
      hand.pass(30);
    },
  },
];
