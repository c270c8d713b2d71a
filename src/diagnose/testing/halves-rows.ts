import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { handlerPod, migration } from '../../model/testing/fixtures.ts';
import { ofVmi, type Row } from './migrations.ts';
import { ago } from './subjects.ts';

// Migrations that wait for a second one of something: the other half, the pod that attaches hot-plugged volumes.

const sendsTo =
  (migrationID: string) =>
  (object: VirtualMachineInstanceMigration): void => {
    object.spec.sendTo = { migrationID, connectURL: 'virt-sync.example:9185' } as never;
  };
const receiver = (migrationID: string): VirtualMachineInstanceMigration =>
  migration('receiver', 'twin', 'WaitingForSync', (object) => {
    object.spec.receive = { migrationID } as never;
  });
const synchronization = {
  ...handlerPod('n3', true),
  metadata: { ...handlerPod('n3', true).metadata, labels: { 'kubevirt.io': 'virt-synchronization-controller' } },
};
/** web has a hot-plugged volume, and its target pod runs. */
const plugged = (phase: string) => ({
  phase,
  vmi: (object: VirtualMachineInstance): void => {
    object.status = {
      ...object.status,
      volumeStatus: [{ name: 'more', target: 'sda', phase: 'Ready', hotplugVolume: { attachPodName: 'hp-volume-a' } }],
    };
  },
  pod: (object: Pod): void => {
    object.metadata.uid = 'uid-target';
    object.status = { ...object.status, phase: 'Running' };
  },
});
/** The pod that attaches it there, created so long ago. */
const attachment = (seconds: number, phase = 'Pending'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'hp-volume-b',
    namespace: 'vms',
    creationTimestamp: ago(seconds),
    labels: { 'kubevirt.io': 'hotplug-disk', 'kubevirt.io/migrationJobUID': 'uid-m' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'virt-launcher-web-two', uid: 'uid-target' }],
  },
  status: { phase, ...(phase === 'Running' && { conditions: [{ type: 'Ready', status: 'True' }] }) },
});

export const halvesRows: Row[] = [
  [
    'target/attachment-pod',
    /pod hp-volume-b, which attaches its hot-plugged volume \(more\) on n2, has not started for 60 s/,
    { ...plugged('Pending'), more: [attachment(60)] },
    { ...plugged('Pending'), more: [attachment(5)] },
  ],
  [
    'target/attachment-pod',
    /is turned down: pods "hp-volume-b" is forbidden: exceeded quota: team/,
    {
      ...plugged('Pending'),
      events: [
        ofVmi('FailedCreate', 'Error creating attachment pod: pods "hp-volume-b" is forbidden: exceeded quota: team'),
      ],
    },
    plugged('Pending'),
  ],
  [
    'target/attachment-pod',
    /is gone, and KubeVirt makes no other one for this migration/,
    plugged('Scheduling'),
    { ...plugged('Scheduling'), more: [attachment(60, 'Running')] },
  ],
  [
    'queue/other-half',
    /sending half .*its other half, vms\/receiver, is in this cluster, too, but no pod of virt-synchronization-controller is ready/,
    { phase: 'Synchronizing', m: sendsTo('x'), more: [receiver('x')] },
    { phase: 'Pending', more: [receiver('x')] },
  ],
  [
    'queue/other-half',
    /is in this cluster, too; virt-synchronization-controller has not brought the two together/,
    { phase: 'Synchronizing', m: sendsTo('x'), more: [receiver('x'), synchronization] },
    { phase: 'Running', m: sendsTo('x'), more: [receiver('x'), synchronization] },
  ],
];
