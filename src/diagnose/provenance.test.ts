import { describe, expect, test } from 'vitest';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { migration, vm } from '../model/testing/fixtures.ts';
import { type Provenance, provenanceOf } from './provenance.ts';

type Change = (object: VirtualMachineInstanceMigration, vmi: VirtualMachineInstance) => void;

describe('who asked for a migration', () => {
  test.each<[Provenance['who'], string, string, Change]>([
    [
      'evacuation',
      'kubevirt-evacuation-x7',
      'web was evacuated from node n1: somebody or something drained the node or evicted its pod',
      ({ metadata }) => (metadata.annotations = { 'kubevirt.io/evacuationMigration': 'n1' }),
    ],
    [
      'descheduler',
      'kubevirt-evacuation-x7',
      'the descheduler evicted web from node n1, to balance the nodes',
      ({ metadata }, vmi) => {
        metadata.annotations = { 'kubevirt.io/evacuationMigration': 'n1' };
        vmi.metadata.annotations = { 'kubevirt.io/eviction-source': 'descheduler' };
      },
    ],
    [
      'workload-update',
      'kubevirt-workload-update-x7',
      'KubeVirt updated web: its launcher was outdated, or a change of CPUs, memory or placement needed a migration',
      ({ metadata }) => (metadata.annotations = { 'kubevirt.io/workloadUpdateMigration': '' }),
    ],
    [
      'volume-migration',
      'kubevirt-workload-update-x7',
      'the volumes of web were changed to be migrated',
      ({ metadata }) => {
        metadata.annotations = { 'kubevirt.io/workloadUpdateMigration': '' };
        metadata.labels = { 'kubevirt.io/volume-update-migration': 'web' };
      },
    ],
    [
      'ferry',
      'web-abc',
      'Ferry moved web',
      ({ metadata }) => (metadata.labels = { 'app.kubernetes.io/managed-by': 'ferry' }),
    ],
    ['ferry', 'ferry-web-1a2b3c4d', 'Ferry moved web', () => undefined],
    [
      'api',
      'kubevirt-migrate-vm-x7',
      'somebody asked for it with virtctl migrate, the console, or the migrate subresource of web',
      () => undefined,
    ],
    ['user', 'my-migration', 'somebody, or a program, created the migration of web as an object', () => undefined],
  ])('%s', (who, name, message, change) => {
    const object = migration(name, 'web', 'Succeeded');
    const vmi = vm('web', { on: 'n1' })[1] as VirtualMachineInstance;
    change(object, vmi);
    expect(provenanceOf(object, vmi)).toMatchObject({ who, message });
  });
});
