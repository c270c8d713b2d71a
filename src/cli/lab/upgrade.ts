import { type ExitCode, exit } from '../../model/errors.ts';
import { type Io, note } from '../context.ts';
import { askLab } from './control.ts';

/** Upgrades OpenShift Virtualization in the lab that runs; virt-operator does it while the command is over. */
export async function upgradeLab(io: Io, cnv: string): Promise<ExitCode> {
  const { kubevirt } = (await askLab(io, 'POST', 'upgrade', { cnv })) as { kubevirt: string };
  note(io, `OpenShift Virtualization is upgraded to ${cnv}: KubeVirt ${kubevirt}, virt-handler first.`);
  return exit.ok;
}
