import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';

/** A change that only a restart applies keeps all later ones from taking effect, also that of the node selector (facts/kubevirt.md K). */
export const restartRequired: Cause = {
  id: 'vm/restart-required',
  title: 'Changes of the VM wait for its restart',
  source: 'facts/kubevirt.md K',
  needs: ['virtualMachines', 'virtualMachineInstances'],
  vm({ vm }) {
    const required = vm.vm?.status?.conditions?.find(
      ({ type, status }) => type === 'RestartRequired' && status === 'True',
    );
    if (vm.vm === undefined || vm.vmi === undefined || required === undefined) return undefined;
    const wanted = vm.vm.spec.template.spec?.nodeSelector;
    const inForce = vm.vmi.spec.nodeSelector;
    const differs = JSON.stringify(wanted ?? {}) !== JSON.stringify(inForce ?? {});
    return {
      confidence: differs ? 'certain' : 'possible',
      message: `${required.message ?? 'a change of it needs a restart'}; until then no change of it takes effect, ${differs ? 'and its new node selector waits, too' : 'not even those that need no restart, such as the node selector'}`,
      evidence: [
        atField(vm.vm, '.status.conditions[type=RestartRequired].status', 'True'),
        ...(required.message === undefined
          ? []
          : [atField(vm.vm, '.status.conditions[type=RestartRequired].message', required.message)]),
        ...(differs
          ? [
              atField(vm.vm, '.spec.template.spec.nodeSelector', wanted ?? null),
              atField(vm.vmi, '.spec.nodeSelector', inForce ?? null),
            ]
          : []),
      ],
      remedies: [
        `Restart it when its users can bear it: virtctl restart ${vm.name} -n ${vm.namespace}.`,
        'Or take the change back that needs the restart: from KubeVirt 1.6 on the condition then goes by itself.',
      ],
    };
  },
  texts: [/non-live-updatable field was changed/, /RestartRequired/, /requires a restart/],
  meaning: {
    message: 'The VM was changed in a way that only a restart applies. Until then its other changes wait, too.',
    remedies: ['Restart the VM when its users can bear it, or take the change back.'],
  },
};
