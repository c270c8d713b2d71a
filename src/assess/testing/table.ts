import { describe, expect, test } from 'vitest';
import type { Severity } from '../../model/finding.ts';
import type { KubeObject, VmiSpec } from '../../model/objects.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { nodes, snapshotOf, storageClass, type VmOptions, vm } from '../../model/testing/fixtures.ts';
import { literal } from '../../model/testing/literal.ts';
import { vmsOf } from '../../model/vm.ts';
import { checkVms } from '../assess.ts';
import type { Check } from '../check.ts';

// Tables of one check: what it says about the VM `web` on n1 of a healthy cluster of three nodes.

export interface Situation {
  /** The objects besides the nodes; default: the VM alone. */
  objects?: KubeObject[];
  /** Of the VM `web`, if `objects` does not bring one. */
  vm?: VmOptions;
  /** KubeVirt's version; default v1.6.6. */
  kubevirt?: string;
  change?: (snapshot: Snapshot) => void;
}

/** Severity, what the message says, and what a blocker still allows. */
export type Said = [Severity, RegExp, ('cold' | 'nothing')?];

export type Row = [sentence: string, situation: Situation, said: Said[]];

/** A VM that runs, with parts of its spec and what else is special about it. */
export function running(spec: Partial<VmiSpec> = {}, more: VmOptions = {}): VmOptions {
  return { on: 'n1', spec, ...more };
}

/** The domain of a small guest with these devices and other parts. */
export function domain(parts: Partial<VmiSpec['domain']> = {}): VmiSpec['domain'] {
  return { devices: {}, memory: { guest: '4Gi' }, cpu: { cores: 2 }, resources: {}, ...parts };
}

/** KubeVirt says that the VM can't live-migrate. */
export function refused(reason: string, message = 'because'): Pick<VmOptions, 'change'> {
  return { change: ({ vmi }) => setCondition(vmi, { type: 'LiveMigratable', status: 'False', reason, message }) };
}

export function setCondition(
  object: { status?: { conditions?: unknown } },
  condition: { type: string; status: string; reason?: string; message?: string },
): void {
  const status = object.status as { conditions?: { type: string }[] };
  status.conditions = [...(status.conditions ?? []).filter(({ type }) => type !== condition.type), condition];
}

const classes = [storageClass('nfs', 'csi.trident.netapp.io', { backendType: 'ontap-nas' })];

export function saidOf(check: Check, { objects = [], vm: options, kubevirt, change }: Situation) {
  const web = objects.some(({ kind, metadata }) => kind.startsWith('VirtualMachine') && metadata.name === 'web');
  const all = [...nodes(3), ...classes, ...(web ? [] : vm('web', options ?? { on: 'n1' })), ...objects];
  const snapshot = snapshotOf(unique(all), (draft) => {
    if (kubevirt !== undefined) draft.versions.kubevirt = kubevirt;
    change?.(draft);
  });
  const report = checkVms(snapshot, vmsOf(snapshot), {}, [check]);
  const item = report.items.find(({ vm: { name } }) => name === 'web');
  if (item === undefined) throw new Error('there is no VM web');
  return { snapshot, findings: item.findings };
}

/** The last one of those with the same name: a row may replace a node or a KubeVirt. */
function unique(objects: KubeObject[]): KubeObject[] {
  return [
    ...new Map(
      objects.map((object) => [`${object.kind}/${object.metadata.namespace}/${object.metadata.name}`, object]),
    ).values(),
  ];
}

export function table(check: Check, rows: Row[]): void {
  describe(check.id, () => {
    test.each(rows)('%s', (_, situation, said) => {
      const { snapshot, findings } = saidOf(check, situation);
      expect(findings.map(({ severity, message }) => [severity, message])).toEqual(
        said.map(([severity, message]) => [severity, expect.stringMatching(message) as unknown]),
      );
      expect(findings.map(({ allows }) => allows)).toEqual(said.map(([, , allows]) => allows));
      for (const { evidence, remedy } of findings) {
        expect(remedy).toMatch(/\.$/);
        expect(evidence.length).toBeGreaterThan(0);
        for (const one of evidence) {
          const found = literal(snapshot, one);
          if (found !== undefined) expect(one.value, one.field).toEqual(found);
        }
      }
    });
  });
}
