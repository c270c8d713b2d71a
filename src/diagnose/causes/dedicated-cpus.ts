import { at as atField } from '../../model/finding.ts';
import { isFinal } from '../../model/migrations.ts';
import { settingsOf } from '../../model/settings.ts';
import { atLeast } from '../../model/version-order.ts';
import { type Cause } from '../cause.ts';

/** How a guest with dedicated CPUs is copied differs by version: with eight threads that take its own CPUs away, or with a single one (facts/kubevirt.md D4; kubevirt#17879). */
export const dedicatedCpus: Cause = {
  id: 'vm/dedicated-cpus',
  title: 'Dedicated CPUs make its migrations slow, or its downtime long',
  source: 'facts/kubevirt.md D4; facts/anchors.md 2 pain 25, 6 row 13 (kubevirt#17879)',
  needs: ['virtualMachineInstances', 'migrations', 'kubeVirts'],
  vm({ vm, vmi, snapshot }) {
    const cpu = vm.spec.domain.cpu;
    const last = vm.unfinished[0]?.object ?? vm.finished.at(-1);
    const version = snapshot.versions.kubevirt;
    if (vmi === undefined || cpu?.dedicatedCpuPlacement !== true || last === undefined) return undefined;
    const state = (isFinal(last) ? last.status?.migrationState : undefined) ?? vmi.status?.migrationState;
    if (state?.startTimestamp === undefined) return undefined;
    const single =
      atLeast(version, 1, 9) === true ||
      vm.spec.domain.resources?.limits?.['cpu'] !== undefined ||
      (atLeast(version, 1, 5) === true && settingsOf(snapshot).allowPostCopy.value === true);
    const evidence = [
      atField(vmi, '.spec.domain.cpu.dedicatedCpuPlacement', true),
      atField(last, '.status.phase', last.status?.phase),
    ];
    if (single || atLeast(version, 1, 5) !== true) {
      return {
        confidence: 'possible',
        message:
          'its memory is copied over a single connection, at about what one CPU can encrypt; with shared CPUs KubeVirt 1.5 and later use eight',
        evidence,
        remedies: [
          'Reckon with the longer time: move it when it writes little.',
          'Use dedicated CPUs only where the guest needs their latency: they do not make migrations faster.',
        ],
      };
    }
    return {
      confidence: 'possible',
      message: `KubeVirt ${version ?? ''} copies its memory with eight threads, which run on the CPUs that are dedicated to its guest: it slows down meanwhile, and stands still longer at the end`,
      evidence,
      remedies: [
        `Add isolateEmulatorThread: true to its CPUs: QEMU's own threads get a CPU of their own.`,
        'Or set resources.limits.cpu in its template: KubeVirt then copies with one thread. KubeVirt 1.9 does so for dedicated CPUs by itself.',
      ],
    };
  },
};
