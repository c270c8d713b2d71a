import type { MigrationPolicy } from '../model/objects.ts';
import { matchPolicy } from '../model/policies.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { type Vm, vmsOf } from '../model/vm.ts';
import type { Value } from './parameters.ts';

/** A MigrationPolicy for one VM. */
export interface VmPolicy {
  manifest: MigrationPolicy;
  /** What has to be done before it acts; absent: nothing. */
  needs?: string;
}

/** A label of its own for VMs that no label of theirs tells from others. */
const OWN_LABEL = 'ferry.run/migration';

/** Every namespace has it (Kubernetes 1.21). */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

/**
 * A policy that applies to this VM only, and wins over those that match already (facts/kubevirt.md A9); undefined if
 * another one of the same labels would win by its name, or namespaces are not known.
 */
export function policyFor(vm: Vm, settings: Record<string, Value>, snapshot: Snapshot): VmPolicy | undefined {
  const { vmi } = vm;
  const namespace = itemsOf(snapshot.lists.namespaces).find(({ metadata }) => metadata.name === vm.namespace);
  if (vmi === undefined || namespace === undefined) return undefined;
  const labels = Object.fromEntries(
    Object.entries(vmi.metadata.labels ?? {})
      // KubeVirt writes these, and some change with the node.
      .filter(([key]) => !/(^|\.)kubevirt\.io\//.test(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const others = vmsOf(snapshot).filter(
    (each) => each !== vm && each.namespace === vm.namespace && each.vmi !== undefined,
  );
  const isUnique = (chosen: Record<string, string>): boolean =>
    !others.some((other) =>
      Object.entries(chosen).every(([key, value]) => other.vmi?.metadata.labels?.[key] === value),
    );
  const single = Object.entries(labels).find(([key, value]) => isUnique({ [key]: value }));
  const candidates = [...(single === undefined ? [] : [{ [single[0]]: single[1] }]), labels].filter(
    (each) => Object.keys(each).length > 0 && isUnique(each),
  );
  const policies = itemsOf(snapshot.lists.migrationPolicies);
  for (const selector of candidates) {
    const manifest = manifestOf(vm, settings, selector);
    if (
      matchPolicy(
        [...policies.filter(({ metadata }) => metadata.name !== manifest.metadata.name), manifest],
        vmi,
        namespace,
      ) === manifest
    )
      return { manifest };
  }
  const own = { ...labels, [OWN_LABEL]: vm.name.slice(0, 63).replace(/[^A-Za-z0-9]+$/, '') };
  const manifest = manifestOf(vm, settings, own);
  const labelled = { ...vmi, metadata: { ...vmi.metadata, labels: { ...vmi.metadata.labels, ...own } } };
  if (matchPolicy([...policies, manifest], labelled, namespace) !== manifest) return undefined;
  const label = `${OWN_LABEL}=${own[OWN_LABEL]}`;
  return {
    manifest,
    needs: `No labels of the VMI tell it from others. Label the VMI (kubectl label vmi -n ${vm.namespace} ${vm.name} ${label}), and the VM's template (.spec.template.metadata.labels) for its next start.`,
  };
}

function manifestOf(vm: Vm, settings: Record<string, Value>, selector: Record<string, string>): MigrationPolicy {
  return {
    apiVersion: 'migrations.kubevirt.io/v1alpha1',
    kind: 'MigrationPolicy',
    metadata: {
      name: `ferry-${vm.namespace}-${vm.name}`.slice(0, 253),
      labels: { 'app.kubernetes.io/managed-by': 'ferry' },
    },
    spec: {
      ...settings,
      selectors: { namespaceSelector: { [NAMESPACE_NAME]: vm.namespace }, virtualMachineInstanceSelector: selector },
    },
  };
}
