import type { VirtualMachine, VirtualMachineInstance } from '../../model/objects.ts';
import { type Cluster, modify } from '../cluster.ts';
import { resources } from '../resources.ts';

/** What a VM's template says of its lab guest takes effect while it runs. */
const LAB = 'lab.ferry.run/';

/** Annotations that reach a running VMI whatever else waits for a restart. */
export function syncAnnotations(cluster: Cluster, vm: VirtualMachine, vmi: VirtualMachineInstance): void {
  const wanted = Object.entries(vm.spec.template.metadata?.annotations ?? {}).filter(([key]) => key.startsWith(LAB));
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    const kept = Object.entries(draft.metadata.annotations ?? {}).filter(([key]) => !key.startsWith(LAB));
    draft.metadata.annotations = Object.fromEntries([...kept, ...wanted]);
  });
}
