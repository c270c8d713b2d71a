import { at as atField } from '../../model/finding.ts';
import { conditionOf } from '../../model/vm.ts';
import { atEvent, type Cause } from '../cause.ts';

/** QEMU stops a guest whose disk it can't write (facts/kubevirt.md A3). */
export const ioError: Cause = {
  id: 'vm/io-error',
  title: 'The guest is paused: its disk cannot be read or written',
  source: 'facts/kubevirt.md A3, C4',
  needs: ['virtualMachineInstances'],
  reads: ['events'],
  vm({ vm, vmi, events, now }) {
    const paused = conditionOf(vm, 'Paused');
    if (vmi === undefined || paused?.status !== 'True' || paused.reason !== 'PausedIOError') return undefined;
    const state = vmi.status?.migrationState;
    const moved =
      state?.completed === true &&
      state.failed !== true &&
      state.targetNode === vm.node &&
      state.endTimestamp !== undefined
        ? state
        : undefined;
    const age = moved === undefined ? undefined : Math.round((now - Date.parse(moved.endTimestamp ?? '')) / 60_000);
    const said = events.findLast(({ reason }) => reason === 'IOerror');
    return {
      confidence: 'certain',
      message: `its guest stands still on ${vm.node}: a disk cannot be read or written there${age === undefined ? '' : `; it came from ${moved?.sourceNode} ${age} min ago`}`,
      evidence: [
        atField(vmi, '.status.conditions[type=Paused].reason', paused.reason),
        ...(said === undefined ? [] : [atEvent(said)]),
        ...(moved === undefined ? [] : [atField(vmi, '.status.migrationState.endTimestamp', moved.endTimestamp)]),
      ],
      remedies: [
        `Look for what ${vm.node} has lost: the storage network, a full volume, a volume that was detached (kubectl get events -n ${vm.namespace}). The guest goes on by itself when the disk is back.`,
        ...(moved === undefined
          ? []
          : [
              `If other nodes reach the storage, move it back: ferry move ${vm.name} -n ${vm.namespace} --to ${moved.sourceNode}. It moves paused, and goes on there.`,
            ]),
      ],
    };
  },
  texts: [/low-level IO error/, /PausedIOError/, /VM Paused due to IO error/],
  meaning: {
    message: 'QEMU has stopped the guest because it could not read or write one of its disks; nothing is lost yet.',
    remedies: [
      'Bring the storage back: the guest goes on by itself.',
      'See which VM, and since when: ferry diagnose VM.',
    ],
  },
};
