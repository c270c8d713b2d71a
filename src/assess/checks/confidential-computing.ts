import { atVm, blocker, type Check, type Draft } from '../check.ts';
import { refuses } from '../refused.ts';

/** Memory that only this processor can decrypt can't be copied to another. */
export const confidentialComputing: Check = {
  id: 'vm/confidential-computing',
  title: "The VM's memory is not encrypted by its processor",
  source: 'facts/kubevirt.md A4 (SEV, TDX, SecureExecution), E',
  needs: [],
  run(vm, snapshot): Draft[] {
    const { launchSecurity } = vm.spec.domain;
    if (launchSecurity === undefined || !refuses('sev', vm, snapshot)) return [];
    const named = Object.keys(launchSecurity).find((key) => key in technologies);
    const technology =
      named !== undefined
        ? technologies[named]
        : vm.spec.architecture === 's390x'
          ? 'IBM Secure Execution'
          : 'confidential computing';
    return [
      blocker(vm, {
        message: `its memory is encrypted by the processor (${technology}), so that no other node can take it over while it runs`,
        evidence: atVm(vm, '.spec.domain.launchSecurity', launchSecurity),
        remedy: `Move it cold (a restart) to a node that has ${technology} as well; or remove launchSecurity from the VM, which gives the encryption up.`,
        allows: 'cold',
      }),
    ];
  },
};

const technologies: Record<string, string> = { sev: 'AMD SEV', snp: 'AMD SEV-SNP', tdx: 'Intel TDX' };
