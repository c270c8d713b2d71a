import { ALL, type Happens, type LabRow, plugged, since, well } from './happens.ts';
import { at } from './harness.ts';

/** web moves with its hot-plugged volume, while this is so. */
const moves =
  (before: Happens, seconds: number): Happens =>
  async (hand) => {
    await plugged(hand);
    await before(hand);
    await hand.migrate('web');
    hand.pass(seconds);
  };

const evicted = (given: Record<string, string>): Happens =>
  moves((hand) => Promise.resolve(hand.fault('attachment-evicted', given)), 60);

/** Nothing but launchers starts; the target's launcher had its volume before. */
const unattached: Happens = async (hand) => {
  await plugged(hand);
  await hand.migrate('web');
  hand.until('web', 'Pending');
  for (let step = 0; step < 200 && hand.target('web')?.status?.phase !== 'Running'; step++) hand.pass(0.05);
  hand.fault('volume-attach', {});
  hand.pass(90);
};

const quota = (pods: string): Happens =>
  moves(async (hand) => {
    await hand.create('/api/v1/namespaces/vms/resourcequotas', {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'team' },
      spec: { hard: { pods } },
    });
    hand.pass(2);
  }, 60);

/** The pod that attaches at the target is deleted as soon as the migration is in this phase. */
const deleted =
  (phase: string): Happens =>
  async (hand) => {
    await plugged(hand);
    await hand.migrate('web');
    hand.until('web', phase);
    await hand.remove(at.pod(hand.attachment(hand.target('web')).metadata.name));
    hand.pass(60);
  };

/** The pod beside the target pod that attaches hot-plugged volumes. */
export const attachmentRows: LabRow[] = [
  {
    cause: 'target/attachment-pod',
    releases: ALL,
    happens: evicted({ phase: 'Running' }),
    near: evicted({ phase: 'Running', vm: 'vms/other' }),
  },
  {
    cause: 'target/attachment-pod',
    title: 'before the hand-over',
    happens: evicted({ phase: 'Scheduled' }),
    near: moves(() => Promise.resolve(), 60),
  },
  { cause: 'target/attachment-pod', title: 'it does not start', releases: ALL, happens: unattached, near: well },
  // Five pods: four VMs', and the one that attaches at the source; then the target's; and the one that attaches there.
  {
    cause: 'target/attachment-pod',
    title: 'a quota turns it down',
    releases: ALL,
    happens: quota('6'),
    near: quota('7'),
  },
  {
    cause: 'target/attachment-pod',
    title: 'it is deleted while KubeVirt waits for it',
    releases: ALL.filter((release) => !since('4.20').includes(release)),
    happens: deleted('Scheduling'),
    // The guest has its volume, and KubeVirt does not look any more.
    near: deleted('Running'),
  },
];
