import type { VirtualMachine } from '../../model/objects.ts';
import { modify } from '../cluster.ts';
import { workloadAnnotations } from '../controllers/guest.ts';
import { resources } from '../resources.ts';
import { fault } from './fault.ts';

/** Memory that is rewritten, if the guest has so much. */
const AREA = '1Ti';

/**
 * A guest rewrites memory faster than any link of the lab carries it. What a lab guest does is declared on its VM's
 * template (controllers/guest.ts); a migration goes by what was declared when it began to copy.
 */
export const migrationDiverging = fault({
  name: 'migration-diverging',
  summary: 'a guest rewrites its memory so fast that migrations which begin meanwhile do not converge',
  parameters: { vm: 'required', dirty: { default: '16Gi' } },
  start: ({ cluster }, { vm, dirty }) => {
    const find = (): VirtualMachine | undefined =>
      cluster.store.get<VirtualMachine>(resources.vms, vm.namespace, vm.name);
    const before = find()?.spec.template.metadata?.annotations?.[workloadAnnotations.writes];
    const set = (value: string | undefined): void => {
      const now = find();
      if (now === undefined) return;
      modify<VirtualMachine>(cluster, resources.vms, now, (draft) => {
        const { metadata } = draft.spec.template;
        const { [workloadAnnotations.writes]: _, ...others } = metadata?.annotations ?? {};
        const annotations = value === undefined ? others : { ...others, [workloadAnnotations.writes]: value };
        draft.spec.template.metadata = { ...metadata, annotations };
      });
    };
    set(`${AREA}@${dirty}`);
    return () => set(before);
  },
});
