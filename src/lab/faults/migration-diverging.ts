import type { VirtualMachineInstance } from '../../model/objects.ts';
import { badRequest } from '../api/status.ts';
import { modify } from '../cluster.ts';
import { guestMemory, workloadAnnotations } from '../controllers/guest.ts';
import { resources } from '../resources.ts';
import { fault } from './fault.ts';

/** A guest that rewrites memory faster than any link of the lab carries it; migrations that begin meanwhile never converge. */
export const migrationDiverging = fault({
  name: 'migration-diverging',
  summary: 'a guest rewrites its memory so fast that migrations which begin meanwhile do not converge',
  parameters: { vm: 'required', dirty: { default: '16Gi' } },
  start: ({ cluster }, { vm, dirty }) => {
    const find = (): VirtualMachineInstance | undefined =>
      cluster.store.get<VirtualMachineInstance>(resources.vmis, vm.namespace, vm.name);
    const vmi = find();
    if (vmi === undefined) throw badRequest(`vm ${vm.namespace}/${vm.name} does not run`);
    const before = vmi.metadata.annotations?.[workloadAnnotations.writes];
    const area = Math.floor(guestMemory(vmi).size * 0.75);
    const set = (value: string | undefined): void => {
      const now = find();
      if (now?.metadata.uid !== vmi.metadata.uid || now === undefined) return;
      modify<VirtualMachineInstance>(cluster, resources.vmis, now, (draft) => {
        const { [workloadAnnotations.writes]: _, ...others } = draft.metadata.annotations ?? {};
        draft.metadata.annotations = value === undefined ? others : { ...others, [workloadAnnotations.writes]: value };
      });
    };
    set(`${area}@${dirty}`);
    return () => set(before);
  },
});
